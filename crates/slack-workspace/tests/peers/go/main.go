// A Slack app with slack-go, driven by the test that started it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

type ready struct {
	APIURL   string `json:"api_url"`
	BotToken string `json:"bot_token"`
	AppToken string `json:"app_token"`
}

type peer struct {
	ready  ready
	api    *slack.Client
	stdout sync.Mutex
}

// write sends one line of JSON to the test.
func (p *peer) write(line map[string]any) {
	p.stdout.Lock()
	defer p.stdout.Unlock()
	text, err := json.Marshal(line)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}

func (p *peer) client(token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(p.ready.APIURL), slack.OptionAppLevelToken(p.ready.AppToken),
		slack.OptionRetry(2))
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	p := &peer{}
	if !lines.Scan() {
		log.Fatal("no readiness line")
	}
	if err := json.Unmarshal(lines.Bytes(), &p.ready); err != nil {
		log.Fatal(err)
	}
	p.api = p.client(p.ready.BotToken)
	socket := socketmode.New(p.api)
	go p.listen(socket)
	go func() { log.Fatal(socket.Run()) }()
	for lines.Scan() {
		var line wanted
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			log.Fatal(err)
		}
		result, err := p.do(line.Task, line.Args)
		if err != nil {
			p.write(map[string]any{"id": line.ID, "error": err.Error()})
			continue
		}
		p.write(map[string]any{"id": line.ID, "result": result})
	}
}

func (p *peer) listen(socket *socketmode.Client) {
	started := sync.OnceFunc(func() { p.write(map[string]any{"event": "started"}) })
	for event := range socket.Events {
		switch data := event.Data.(type) {
		case slackevents.EventsAPIEvent:
			check(socket.Ack(*event.Request))
			p.event(p.api, data)
		case slack.InteractionCallback:
			if answer := submitted(&data); answer != nil {
				check(socket.Ack(*event.Request, answer))
				continue
			}
			check(socket.Ack(*event.Request))
			p.act(p.api, &data)
		case slack.SlashCommand:
			check(socket.Ack(*event.Request, checking()))
			respond(data)
		default:
			if event.Type == socketmode.EventTypeHello {
				started()
			}
		}
	}
}

// event replies to mentions.
func (p *peer) event(api *slack.Client, outer slackevents.EventsAPIEvent) {
	mention, ok := outer.InnerEvent.Data.(*slackevents.AppMentionEvent)
	if !ok {
		return
	}
	words := strings.Fields(mention.Text)
	options := []slack.MsgOption{slack.MsgOptionText("hello <@"+mention.User+">", false), slack.MsgOptionTS(mention.TimeStamp)}
	if len(words) > 2 && words[len(words)-2] == "count" {
		options = []slack.MsgOption{slack.MsgOptionText("counted "+words[len(words)-1], false)}
	}
	_, _, err := api.PostMessage(mention.Channel, options...)
	check(err)
}

// act does what the buttons say.
func (p *peer) act(api *slack.Client, callback *slack.InteractionCallback) {
	for _, action := range callback.ActionCallback.BlockActions {
		if action.ActionID == "approve" {
			text := "approved by <@" + callback.User.ID + ">"
			section := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil)
			_, _, _, err := api.UpdateMessage(callback.Channel.ID, callback.Message.Timestamp,
				slack.MsgOptionText(text, false), slack.MsgOptionBlocks(section))
			check(err)
			continue
		}
		_, err := api.OpenView(callback.TriggerID, form("form"))
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Print(err)
	}
}
