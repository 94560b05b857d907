import com.slack.api.Slack;
import com.slack.api.bolt.App;
import com.slack.api.bolt.AppConfig;
import com.slack.api.bolt.request.RequestHeaders;
import com.slack.api.bolt.response.Response;
import com.slack.api.bolt.util.SlackRequestParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

/** An app that Slack reaches over HTTP. */
final class Signed {
    private Signed() {
    }

    static Map<String, String> serve(Slack slack, String token, String secret) throws IOException {
        AppConfig config = AppConfig.builder().slack(slack).singleTeamBotToken(token).signingSecret(secret).build();
        App app = Peer.listen(new App(config));
        app.start();
        SlackRequestParser parser = new SlackRequestParser(config);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/slack/events", exchange -> handle(app, parser, exchange));
        server.start();
        return Map.of("url", "http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static void handle(App app, SlackRequestParser parser, HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        var request = parser.parse(SlackRequestParser.HttpRequest.builder()
                .requestUri(exchange.getRequestURI().toString())
                .requestBody(body)
                .headers(new RequestHeaders(exchange.getRequestHeaders()))
                .remoteAddress("127.0.0.1")
                .build());
        Response response;
        try {
            response = app.run(request);
        } catch (Exception error) {
            error.printStackTrace();
            response = Response.error(500);
        }
        byte[] answer = response.getBody() == null ? new byte[0] : response.getBody().getBytes(StandardCharsets.UTF_8);
        if (response.getContentType() != null) {
            exchange.getResponseHeaders().set("Content-Type", response.getContentType());
        }
        exchange.sendResponseHeaders(response.getStatusCode(), answer.length == 0 ? -1 : answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }
}
