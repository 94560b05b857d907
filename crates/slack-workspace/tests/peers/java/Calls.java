import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.slack.api.Slack;
import com.slack.api.methods.MethodsClient;
import com.slack.api.methods.SlackApiException;
import com.slack.api.methods.SlackApiTextResponse;
import com.slack.api.model.User;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the test wants of the Web API. */
final class Calls {
    private final Slack slack;
    private final MethodsClient client;

    Calls(Slack slack, MethodsClient client) {
        this.slack = slack;
        this.client = client;
    }

    Object make(String task, JsonObject args) throws Exception {
        String channel = text(args, "channel");
        String text = text(args, "text");
        return switch (task) {
            case "auth" -> {
                var answer = ok(client.authTest(r -> r));
                yield Map.of("user_id", answer.getUserId(), "team_id", answer.getTeamId());
            }
            case "users" -> users();
            case "ask" -> ok(client.chatPostMessage(r -> r.channel(channel).text("May I?").blocksAsString(Forms.ASK))).getTs();
            case "post" -> post(channel, text);
            case "ephemeral" ->
                ok(client.chatPostEphemeral(r -> r.channel(channel).user(text(args, "user")).text(text))).getMessageTs();
            case "upload" -> ok(client.filesUploadV2(r -> r.channel(channel).filename(text(args, "filename"))
                    .content(text(args, "content")).initialComment(text(args, "comment")))).getFile().getId();
            case "schedule" -> ok(client.chatScheduleMessage(r -> r.channel(channel).text(text)
                    .postAt(args.get("post_at").getAsInt()))).getScheduledMessageId();
            case "scheduled" -> ok(client.chatScheduledMessagesList(r -> r.channel(channel)))
                    .getScheduledMessages().stream().map(one -> one.getId()).toList();
            case "stream" -> stream(channel, args);
            case "serve_signed" -> Signed.serve(slack, text(args, "bot_token"), text(args, "signing_secret"));
            default -> throw new IllegalArgumentException("no task " + task);
        };
    }

    private List<String> users() throws Exception {
        List<String> names = new ArrayList<>();
        String cursor = "";
        do {
            String from = cursor;
            var page = ok(client.usersList(r -> r.limit(1).cursor(from)));
            names.addAll(page.getMembers().stream().map(User::getName).toList());
            cursor = page.getResponseMetadata().getNextCursor();
        } while (cursor != null && !cursor.isEmpty());
        return names;
    }

    /** The SDK leaves waiting to its user. */
    private String post(String channel, String text) throws Exception {
        while (true) {
            try {
                return ok(client.chatPostMessage(r -> r.channel(channel).text(text))).getTs();
            } catch (SlackApiException limited) {
                if (limited.getResponse().code() != 429) {
                    throw limited;
                }
                Thread.sleep(1000L * Integer.parseInt(limited.getResponse().header("Retry-After")));
            }
        }
    }

    private String stream(String channel, JsonObject args) throws Exception {
        String ts = ok(client.chatStartStream(r -> r.channel(channel).threadTs(text(args, "thread_ts"))
                .recipientUserId(text(args, "user")).recipientTeamId(text(args, "team")))).getTs();
        JsonArray parts = args.getAsJsonArray("parts");
        for (JsonElement part : parts) {
            ok(client.chatAppendStream(r -> r.channel(channel).ts(ts).markdownText(part.getAsString())));
        }
        ok(client.chatStopStream(r -> r.channel(channel).ts(ts)));
        return ts;
    }

    private static String text(JsonObject args, String name) {
        return args.has(name) ? args.get(name).getAsString() : null;
    }

    private static <T extends SlackApiTextResponse> T ok(T answer) {
        if (!answer.isOk()) {
            throw new IllegalStateException(answer.getClass().getSimpleName() + ": " + answer.getError());
        }
        return answer;
    }
}
