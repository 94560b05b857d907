package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"
)

// wanted is one line of the test that started us.
type wanted struct {
	ID   int             `json:"id"`
	Task string          `json:"task"`
	Args json.RawMessage `json:"args"`
}

// arguments are those of every task; each reads its own.
type arguments struct {
	Channel       string   `json:"channel"`
	Text          string   `json:"text"`
	User          string   `json:"user"`
	Team          string   `json:"team"`
	Filename      string   `json:"filename"`
	Content       string   `json:"content"`
	Comment       string   `json:"comment"`
	PostAt        int64    `json:"post_at"`
	ThreadTS      string   `json:"thread_ts"`
	Parts         []string `json:"parts"`
	BotToken      string   `json:"bot_token"`
	SigningSecret string   `json:"signing_secret"`
}

func (p *peer) do(task string, raw json.RawMessage) (any, error) {
	var args arguments
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, err
	}
	switch task {
	case "auth":
		return p.api.AuthTest()
	case "users":
		return p.users()
	case "ask":
		_, ts, err := p.api.PostMessage(args.Channel, slack.MsgOptionText("May I?", false), askBlocks())
		return ts, err
	case "post":
		_, ts, err := p.api.PostMessage(args.Channel, slack.MsgOptionText(args.Text, false))
		return ts, err
	case "ephemeral":
		return p.api.PostEphemeral(args.Channel, args.User, slack.MsgOptionText(args.Text, false))
	case "upload":
		return p.upload(args)
	case "schedule":
		_, id, err := p.api.ScheduleMessage(args.Channel, strconv.FormatInt(args.PostAt, 10),
			slack.MsgOptionText(args.Text, false))
		return id, err
	case "scheduled":
		return p.scheduled(args.Channel)
	case "stream":
		return p.stream(args)
	case "serve_signed":
		return p.serveSigned(args)
	}
	return nil, fmt.Errorf("no task %q", task)
}

func (p *peer) users() ([]string, error) {
	var names []string
	pages := p.api.GetUsersPaginated(slack.GetUsersOptionLimit(1))
	for {
		next, err := pages.Next(context.Background())
		if pages.Done(err) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		pages = next
		for _, user := range pages.Users {
			names = append(names, user.Name)
		}
	}
}

func (p *peer) upload(args arguments) (string, error) {
	file, err := p.api.UploadFile(slack.UploadFileParameters{
		Channel: args.Channel, Filename: args.Filename, Content: args.Content,
		FileSize: len(args.Content), InitialComment: args.Comment,
	})
	if err != nil {
		return "", err
	}
	return file.ID, nil
}

func (p *peer) scheduled(channel string) ([]string, error) {
	listed, _, err := p.api.GetScheduledMessages(&slack.GetScheduledMessagesParameters{Channel: channel})
	ids := []string{}
	for _, one := range listed {
		ids = append(ids, one.ID)
	}
	return ids, err
}

func (p *peer) stream(args arguments) (string, error) {
	_, ts, err := p.api.StartStream(args.Channel, slack.MsgOptionTS(args.ThreadTS),
		slack.MsgOptionRecipientUserID(args.User), slack.MsgOptionRecipientTeamID(args.Team))
	if err != nil {
		return "", err
	}
	for _, part := range args.Parts {
		if _, _, err := p.api.AppendStream(args.Channel, ts, slack.MsgOptionMarkdownText(part)); err != nil {
			return "", err
		}
	}
	_, _, err = p.api.StopStream(args.Channel, ts)
	return ts, err
}
