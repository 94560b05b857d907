import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.slack.api.Slack;
import com.slack.api.SlackConfig;
import com.slack.api.bolt.App;
import com.slack.api.bolt.AppConfig;
import com.slack.api.bolt.middleware.builtin.Assistant;
import com.slack.api.bolt.socket_mode.SocketModeApp;
import com.slack.api.model.assistant.SuggestedPrompt;
import com.slack.api.model.event.AppMentionEvent;
import com.slack.api.model.event.MessageEvent;
import com.slack.api.socket_mode.SocketModeClient;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A Slack app with Bolt for Java, driven by the test that started it. */
final class Peer {
    private static final Gson GSON = new Gson();

    private Peer() {
    }

    public static void main(String[] args) throws Exception {
        // stdout is the test's; whatever is logged goes to stderr.
        PrintStream out = System.out;
        System.setOut(System.err);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        JsonObject ready = JsonParser.parseString(lines.readLine()).getAsJsonObject();
        SlackConfig config = new SlackConfig();
        config.setMethodsEndpointUrlPrefix(ready.get("api_url").getAsString());
        Slack slack = Slack.getInstance(config);
        String token = ready.get("bot_token").getAsString();
        App app = listen(new App(AppConfig.builder().slack(slack).singleTeamBotToken(token).build()));
        new SocketModeApp(ready.get("app_token").getAsString(), SocketModeClient.Backend.JavaWebSocket, app).startAsync();
        Calls calls = new Calls(slack, slack.methods(token));
        out.println(GSON.toJson(Map.of("event", "started")));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            out.println(answer(calls, JsonParser.parseString(line).getAsJsonObject()));
        }
        System.exit(0);
    }

    private static String answer(Calls calls, JsonObject wanted) {
        int id = wanted.get("id").getAsInt();
        try {
            Object result = calls.make(wanted.get("task").getAsString(), wanted.getAsJsonObject("args"));
            return GSON.toJson(Map.of("id", id, "result", result));
        } catch (Exception error) {
            return GSON.toJson(Map.of("id", id, "error", error.toString()));
        }
    }

    static App listen(App app) {
        app.event(AppMentionEvent.class, (payload, ctx) -> {
            AppMentionEvent event = payload.getEvent();
            String[] words = event.getText().split("\\s+");
            boolean counts = List.of(words).contains("count");
            String text = counts ? "counted " + words[words.length - 1] : "hello <@" + event.getUser() + ">";
            String thread = counts ? null : event.getTs();
            ctx.client().chatPostMessage(r -> r.channel(event.getChannel()).text(text).threadTs(thread));
            return ctx.ack();
        });
        app.event(MessageEvent.class, (payload, ctx) -> ctx.ack());
        app.blockAction("approve", (req, ctx) -> {
            var payload = req.getPayload();
            String user = payload.getUser().getId();
            ctx.client().chatUpdate(r -> r.channel(payload.getChannel().getId()).ts(payload.getMessage().getTs())
                    .text("approved by <@" + user + ">").blocksAsString(Forms.approved(user)));
            return ctx.ack();
        });
        app.blockAction("ask_reason", (req, ctx) -> {
            ctx.client().viewsOpen(r -> r.triggerId(req.getPayload().getTriggerId()).viewAsString(Forms.view("form")));
            return ctx.ack();
        });
        app.command(Pattern.compile("/(countersign|signed)"), (req, ctx) -> {
            String text = req.getPayload().getText();
            ctx.respond(r -> r.text(text + ": all is well").responseType("in_channel"));
            return ctx.ack("checking");
        });
        submissions(app);
        return app.assistant(assistant());
    }

    private static void submissions(App app) {
        app.viewSubmission("form", (req, ctx) -> {
            String entered = req.getPayload().getView().getState().getValues().get("reason").get("text").getValue();
            if ("short".equals(entered)) {
                return ctx.ackWithErrors(Map.of("reason", "say more"));
            }
            return ctx.ackWithUpdate(Forms.parsed("second"));
        });
        app.viewSubmission("second", (req, ctx) -> ctx.ackWithPush(Forms.parsed("third")));
        app.viewSubmission("third", (req, ctx) -> ctx.ack(r -> r.responseAction("clear")));
    }

    private static Assistant assistant() {
        Assistant assistant = new Assistant();
        assistant.threadStarted((req, ctx) -> trying(() -> {
            ctx.say("How can I help?");
            ctx.setSuggestedPrompts(List.of(new SuggestedPrompt("Help", "Help me")));
        }));
        assistant.userMessage((req, ctx) -> trying(() -> {
            String text = req.getEvent().getText();
            ctx.setTitle(text);
            ctx.setStatus("is thinking...");
            ctx.say("You asked: " + text);
        }));
        return assistant;
    }

    private interface Action {
        void run() throws Exception;
    }

    /** The SDK's handlers of assistants must not throw. */
    private static void trying(Action action) {
        try {
            action.run();
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
