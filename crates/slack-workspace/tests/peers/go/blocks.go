package main

import (
	"log"

	"github.com/slack-go/slack"
)

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", text, false, false)
}

func askBlocks() slack.MsgOption {
	return slack.MsgOptionBlocks(
		slack.NewSectionBlock(plain("May I?"), nil, nil),
		slack.NewActionBlock("",
			slack.NewButtonBlockElement("approve", "r1", plain("Approve")),
			slack.NewButtonBlockElement("ask_reason", "r1", plain("Deny")),
		),
	)
}

func form(callback string) slack.ModalViewRequest {
	input := slack.NewInputBlock("reason", plain("Why"), nil, slack.NewPlainTextInputBlockElement(nil, "text"))
	input.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: plain(callback), Submit: plain("Next"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{input}},
	}
}

// submitted is the answer to a submitted form, nothing for any other interaction.
func submitted(callback *slack.InteractionCallback) *slack.ViewSubmissionResponse {
	if callback.Type != slack.InteractionTypeViewSubmission {
		return nil
	}
	entered := callback.View.State.Values["reason"]["text"].Value
	switch {
	case callback.View.CallbackID == "form" && entered == "short":
		return slack.NewErrorsViewSubmissionResponse(map[string]string{"reason": "say more"})
	case callback.View.CallbackID == "form":
		next := form("second")
		return slack.NewUpdateViewSubmissionResponse(&next)
	case callback.View.CallbackID == "second":
		next := form("third")
		return slack.NewPushViewSubmissionResponse(&next)
	}
	return slack.NewClearViewSubmissionResponse()
}

func checking() map[string]string {
	return map[string]string{"text": "checking"}
}

func respond(command slack.SlashCommand) {
	err := slack.PostWebhook(command.ResponseURL,
		&slack.WebhookMessage{Text: command.Text + ": all is well", ResponseType: slack.ResponseTypeInChannel})
	if err != nil {
		log.Print(err)
	}
}
