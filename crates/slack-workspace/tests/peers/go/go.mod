module peer

go 1.26

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/slack-go/slack v0.34.0
)
