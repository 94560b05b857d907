package main

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

// serveSigned receives what Slack sends over HTTP, after checking its signature.
func (p *peer) serveSigned(args arguments) (any, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	api := p.client(args.BotToken)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		verifier, err := slack.NewSecretsVerifier(r.Header, args.SigningSecret)
		if err == nil {
			_, err = verifier.Write(body)
		}
		if err == nil {
			err = verifier.Ensure()
		}
		if err != nil {
			log.Print(err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.signed(w, api, r.Header.Get("Content-Type"), body)
	})
	go func() { log.Print(http.Serve(listener, handler)) }()
	return map[string]string{"url": "http://" + listener.Addr().String()}, nil
}

func (p *peer) signed(w http.ResponseWriter, api *slack.Client, contentType string, body []byte) {
	if contentType == "application/json" {
		p.signedEvent(w, api, body)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if command := form.Get("command"); command != "" {
		reply(w, checking())
		go respond(slack.SlashCommand{Text: form.Get("text"), ResponseURL: form.Get("response_url")})
		return
	}
	var callback slack.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &callback); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if answer := submitted(&callback); answer != nil {
		reply(w, answer)
		return
	}
	go p.act(api, &callback)
}

func (p *peer) signedEvent(w http.ResponseWriter, api *slack.Client, body []byte) {
	event, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		log.Print(err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if event.Type == slackevents.URLVerification {
		var challenge slackevents.ChallengeResponse
		check(json.Unmarshal(body, &challenge))
		reply(w, map[string]string{"challenge": challenge.Challenge})
		return
	}
	go p.event(api, event)
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	check(json.NewEncoder(w).Encode(answer))
}
