import com.google.gson.Gson;
import com.slack.api.model.view.View;
import java.util.Map;

/** Blocks and views, as JSON. */
final class Forms {
    static final String ASK = """
            [{"type": "section", "text": {"type": "plain_text", "text": "May I?"}},
             {"type": "actions", "elements": [
               {"type": "button", "action_id": "approve", "value": "r1", "text": {"type": "plain_text", "text": "Approve"}},
               {"type": "button", "action_id": "ask_reason", "value": "r1", "text": {"type": "plain_text", "text": "Deny"}}]}]
            """;

    private Forms() {
    }

    static String approved(String user) {
        var text = Map.of("type", "mrkdwn", "text", "approved by <@" + user + ">");
        return new Gson().toJson(new Object[] {Map.of("type", "section", "text", text)});
    }

    static String view(String callback) {
        return """
                {"type": "modal", "callback_id": "%s", "title": {"type": "plain_text", "text": "%s"},
                 "submit": {"type": "plain_text", "text": "Next"},
                 "blocks": [{"type": "input", "block_id": "reason", "optional": true,
                   "label": {"type": "plain_text", "text": "Why"},
                   "element": {"type": "plain_text_input", "action_id": "text"}}]}
                """.formatted(callback, callback);
    }

    static View parsed(String callback) {
        return com.slack.api.util.json.GsonFactory.createSnakeCase().fromJson(view(callback), View.class);
    }
}
