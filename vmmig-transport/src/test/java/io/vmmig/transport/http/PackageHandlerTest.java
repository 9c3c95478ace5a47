// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vmmig.content.Digest;
import io.vmmig.transport.testing.Await;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
@Timeout(30)
class PackageHandlerTest {
    private static final byte[] PART = new byte[5000];
    private static final PartIndex INDEX = index("a1", PART);

    private static final long SMALL = PackageDirectory.LEAST_BYTES;

    @TempDir
    Path temp;

    /** Says by a header who asks, if there is one. */
    private final PackageHandler.Authorizer owner = new PackageHandler.Authorizer() {
        @Override
        public boolean allows(HttpExchange exchange, String method, String place) {
            return !place.equals("closed") && (method.equals("GET") || !place.equals("readable"));
        }

        @Override
        public String client(HttpExchange exchange) {
            String name = exchange.getRequestHeaders().getFirst("X-Client");
            return name == null ? PackageHandler.Authorizer.super.client(exchange) : name;
        }
    };

    private final HttpClient client = HttpClient.newHttpClient();
    private Path directory;
    private HttpServer server;

    private static PartIndex index(String id, byte[] part) {
        return new PartIndex(id, part.length, 8192, List.of(Digest.of(part)));
    }

    @BeforeEach
    void start() throws Exception {
        directory = temp.resolve("packages");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/p", PackageHandler.in(directory, PackageHandler.Limits.DEFAULT.bytes(2 * SMALL, 2 * SMALL), owner));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private HttpResponse<byte[]> ask(String method, String path, byte[] body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path))
                .method(method, body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    private int put(String path, byte[] body) throws Exception {
        return ask("PUT", path, body).statusCode();
    }

    private HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        return ask("GET", path, new byte[0], headers);
    }

    @Test
    void aPackageIsTakenInAndGivenOut() throws Exception {
        assertThat(put("/p/web-1/index", INDEX.toBytes())).isEqualTo(422);
        assertThat(put("/p/web-1/a1.000000", PART)).isEqualTo(201);
        assertThat(put("/p/web-1/a1.000000", PART)).isEqualTo(201);
        assertThat(put("/p/web-1/index", INDEX.toBytes())).isEqualTo(201);

        assertThat(get("/p/web-1/a1.000000").body()).isEqualTo(PART);
        assertThat(ask("HEAD", "/p/web-1/a1.000000", new byte[0]).headers().firstValue("Content-Length"))
                .contains("5000");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("web-1/a1.000000"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
    }

    @Test
    void whatIsThereIsNotOverwritten() throws Exception {
        serve(PackageHandler.Limits.DEFAULT, Duration.ofMinutes(1));
        put("/p/web-1/a1.000000", PART);
        put("/p/web-1/index", INDEX.toBytes());

        assertThat(put("/p/web-1/index", INDEX.toBytes())).isEqualTo(204);
        assertThat(put("/p/web-1/index", index("a1", new byte[9]).toBytes())).isEqualTo(409);
        assertThat(put("/p/web-1/a1.000000", new byte[9])).isEqualTo(409);
        assertThat(put("/p/web-1/b1.000000", new byte[9])).isEqualTo(409);
        assertThat(get("/p/web-1/index").body()).isEqualTo(INDEX.toBytes());
    }

    @Test
    void whatIsDeletedMakesRoom() throws Exception {
        assertThat(put("/p/web-1/a1.000000", PART)).isEqualTo(201);
        assertThat(put("/p/web-1/a1.000001", PART)).isEqualTo(201);
        assertThat(put("/p/web-1/a1.000002", PART)).isEqualTo(507);
        assertThat(ask("DELETE", "/p/web-1/a1.000000", new byte[0]).statusCode())
                .isEqualTo(204);
        assertThat(ask("DELETE", "/p/web-1/a1.000000", new byte[0]).statusCode())
                .isEqualTo(404);
        assertThat(put("/p/web-1/a1.000002", PART)).isEqualTo(201);
        assertThat(put("/p/web-1/a1.000002", PART))
                .as("room for both, for a moment")
                .isEqualTo(507);
        ask("DELETE", "/p/web-1/a1.000001", new byte[0]);
        ask("DELETE", "/p/web-1/a1.000002", new byte[0]);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void onlyItsOwnNamesAreKnown() throws Exception {
        Files.writeString(temp.resolve("secret"), "secret");
        Files.createSymbolicLink(
                Files.createDirectory(directory.resolve("web-1")).resolve("index"), temp.resolve("secret"));
        for (String path : List.of(
                "/p/../secret",
                "/p/%2e%2e/secret",
                "/p/web-1/..%2f..%2fsecret",
                "/p/web-1/../../secret",
                "/p/.hidden/index",
                "/p/web-1/index/",
                "/p//index",
                "/p/web-1/other",
                "/p/web-1/a1.00000",
                "/p/web-1/index",
                "/p/" + "x".repeat(200) + "/index",
                "/p")) {
            assertThat(raw("GET " + path)).as(path).startsWith("HTTP/1.1 404");
            assertThat(raw("DELETE " + path)).as(path).startsWith("HTTP/1.1 404");
        }
        assertThat(temp.resolve("secret")).hasContent("secret");
    }

    /** Clients would tidy the path. */
    private String raw(String request) throws Exception {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.getAddress().getPort())) {
            socket.getOutputStream()
                    .write((request + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void itsOwnerSaysWhoMayDoWhat() throws Exception {
        assertThat(put("/p/closed/a1.000000", PART)).isEqualTo(403);
        assertThat(get("/p/closed/index").statusCode()).isEqualTo(403);
        assertThat(put("/p/readable/a1.000000", PART)).isEqualTo(403);
        assertThat(get("/p/readable/index").statusCode()).isEqualTo(404);
        assertThat(ask("POST", "/p/web-1/index", PART).statusCode()).isEqualTo(405);
    }

    @Test
    void sizesAreBounded() throws Exception {
        assertThat(raw("PUT /p/web-1/a1.000000")).startsWith("HTTP/1.1 411");
        assertThat(put("/p/web-1/a1.receipt", new byte[Receipt.MAX_BYTES + 1])).isEqualTo(413);
        assertThat(raw("PUT /p/web-1/a1.000000 HTTP/1.1\r\nContent-Length: 67108865\r\nX-Rest:"))
                .as("what is larger than any part is not waited for")
                .isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aBodyThatEndsTooSoonLeavesNothing() throws Exception {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.getAddress().getPort())) {
            socket.getOutputStream()
                    .write("PUT /p/web-1/a1.000000 HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc"
                            .getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        }
        Await.until("the directory is empty", () -> directory.toFile().list().length == 0);
        assertThat(put("/p/web-1/a1.000000", new byte[(int) (2 * SMALL)]))
                .as("quota is whole again")
                .isEqualTo(201);
    }

    /** A client that has announced a body, and sends none of it. */
    private Socket stalled(String client, String name) throws Exception {
        return stalled("PUT", client, name);
    }

    private Socket stalled(String method, String client, String name) throws Exception {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.getAddress().getPort());
        socket.getOutputStream()
                .write((method + " " + name + " HTTP/1.1\r\nHost: x\r\nX-Client: " + client
                                + "\r\nContent-Length: 5000\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private Socket stalledQuietly(String client, String name) {
        try {
            return stalled(client, name);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void serve(PackageHandler.Limits limits, Duration stall) throws Exception {
        server.stop(0);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/p", PackageHandler.in(directory, limits, stall, owner));
        server.start();
    }

    /** The server has one thread, for all. */
    @Test
    void slowClientsKeepNobodyElseWaiting() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 2; i++) {
                slow.add(stalled("slow", "/p/slow/a1.00000" + i));
            }
            assertThat(get("/p/web-1/index").statusCode()).isEqualTo(404);
            Await.until("two are on their way", () -> onTheirWay() == 2);
            assertThat(answer(5000)).as("what is announced counts").isEqualTo(507);
            for (Socket socket : slow) {
                socket.close();
            }
            Await.until("the answer is 201", () -> answer(5000) == 201);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    private int onTheirWay() {
        return directory.toFile().list((any, name) -> name.startsWith(".")).length;
    }

    private int answer(int bytes) {
        try {
            return put("/p/web-1/a1.000000", new byte[bytes]);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The JDK's server would wait for the rest of a request that was answered, with the thread that serves everybody. */
    @Test
    void refusedClientsKeepNobodyElseWaiting() throws Exception {
        serve(PackageHandler.Limits.DEFAULT.requests(16, 1), Duration.ofMinutes(5));
        put("/p/web-1/a1.000000", PART);
        List<Socket> slow = new ArrayList<>();
        try {
            slow.add(stalled("a", "/p/closed/a1.000000"));
            slow.add(stalled("b", "/p/web-1/unknown"));
            slow.add(stalled("c", "/p/x/y/z"));
            slow.add(stalled("d", "/p/web-1/a1.000001"));
            slow.add(stalled("d", "/p/web-1/a1.000002"));
            for (String method : List.of("GET", "DELETE", "HEAD", "POST")) {
                slow.add(stalled(method, method, "/p/web-1/a1.000000"));
            }
            for (int i = 0; i < 20; i++) {
                int each = i;
                Await.until("the answer is 404", () -> statusFor("x" + each) == 404);
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void aClientHasSoManyRequestsAtOnce() throws Exception {
        serve(PackageHandler.Limits.DEFAULT.requests(3, 2), Duration.ofMinutes(5));
        try (Socket one = stalled("a", "/p/slow/a1.000000");
                Socket two = stalled("a", "/p/slow/a1.000001")) {
            Await.until("two are on their way", () -> onTheirWay() == 2);
            assertThat(statusFor("a")).isEqualTo(503);
            Await.until("the answer is 404", () -> statusFor("b") == 404);
            List<Socket> others = new ArrayList<>();
            // The thread that has served b may not be free yet.
            Await.until("the directory is as it should be", () -> {
                others.add(stalledQuietly("c", "/p/slow/a1.000002"));
                return onTheirWay() == 3;
            });
            assertThat(statusFor("b")).isEqualTo(503);
            for (Socket other : others) {
                other.close();
            }
            Await.until("the answer is 404", () -> statusFor("b") == 404);
            assertThat(statusFor("a")).isEqualTo(503);
            one.close();
            two.close();
            Await.until("the answer is 404", () -> statusFor("a") == 404);
        }
    }

    private int statusFor(String client) {
        try {
            return get("/p/web-1/index", "X-Client", client).statusCode();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whoGetsNoFurtherIsCutOff() throws Exception {
        serve(PackageHandler.Limits.DEFAULT.requests(1, 1), Duration.ofMillis(50));
        try (Socket slow = stalled("a", "/p/slow/a1.000000")) {
            assertThat(slow.getInputStream().read()).isEqualTo(-1);
        }
        Await.until("the answer is 404", () -> statusFor("a") == 404);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whoTakesNoAnswerIsCutOff() throws Exception {
        Files.createDirectories(directory.resolve("web-1"));
        Files.write(directory.resolve("web-1/a1.000000"), new byte[32 << 20]);
        serve(PackageHandler.Limits.DEFAULT.requests(1, 1), Duration.ofMillis(50));
        try (Socket slow =
                new Socket(InetAddress.getLoopbackAddress(), server.getAddress().getPort())) {
            slow.getOutputStream()
                    .write("GET /p/web-1/a1.000000 HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(slow.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 200");
            Await.until("the answer is 404", () -> statusFor("a") == 404);
        }
    }

    @Test
    void limitsThatNothingIsWithinAreRefused() {
        PackageHandler.Limits limits = PackageHandler.Limits.DEFAULT;
        for (ThrowingCallable none : List.<ThrowingCallable>of(
                () -> limits.bytes(0, 1),
                () -> limits.bytes(1, 0),
                () -> limits.requests(0, 1),
                () -> limits.requests(1, 0),
                () -> limits.abandonedAfter(Duration.ZERO))) {
            assertThatThrownBy(none).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void ranges() throws Exception {
        byte[] part = "0123456789".getBytes(StandardCharsets.US_ASCII);
        put("/p/x/a1.000000", part);
        String etag = get("/p/x/a1.000000").headers().firstValue("ETag").orElseThrow();

        assertRange("bytes=3-5", 206, "345", "bytes 3-5/10");
        assertRange("bytes=3-", 206, "3456789", "bytes 3-9/10");
        assertRange("bytes=3-99", 206, "3456789", "bytes 3-9/10");
        assertRange("bytes=10-", 416, "", "bytes */10");
        assertRange("bytes=3-4,6-7", 200, "0123456789", null);
        assertRange("pages=3-4", 200, "0123456789", null);
        assertThat(get("/p/x/a1.000000", "Range", "bytes=3-5", "If-Range", etag).body())
                .hasSize(3);
        assertThat(get("/p/x/a1.000000", "Range", "bytes=3-5", "If-Range", "\"else\"")
                        .body())
                .hasSize(10);
    }

    private void assertRange(String range, int status, String body, String contentRange) throws Exception {
        HttpResponse<byte[]> answer = get("/p/x/a1.000000", "Range", range);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).asString(StandardCharsets.US_ASCII).isEqualTo(body);
        assertThat(answer.headers().firstValue("Content-Range").orElse(null)).isEqualTo(contentRange);
    }
}
