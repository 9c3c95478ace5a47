// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.http.ScriptedServer.Script;
import io.vmmig.transport.testing.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that are broken, or mean harm. */
@Tag("once")
@Timeout(60)
class HostileServerTest {
    private static final byte[] CONTENT = "0123456789".repeat(2000).getBytes(StandardCharsets.US_ASCII);
    private static final PartIndex INDEX = new PartIndex("abc", CONTENT.length, 64 << 10, List.of(digest(CONTENT)));
    private static final String INDEX_HEAD = "HTTP/1.1 200 OK\nContent-Length: " + INDEX.toBytes().length;

    @TempDir
    Path spool;

    private static Digest digest(byte[] content) {
        return Digest.of(content);
    }

    /** Serves the index, and whatever the script says for the part. */
    private static ScriptedServer withPart(Script part) throws IOException {
        return new ScriptedServer((head, out) -> {
            if (head.get(0).contains("/index ")) {
                ScriptedServer.say(out, INDEX_HEAD, INDEX.toBytes());
            } else {
                part.answer(head, out);
            }
        });
    }

    private HttpPackage at(ScriptedServer server) throws Exception {
        return HttpPackage.at(server.place("x")).over(Web.access(3000)).spooledIn(spool);
    }

    private Throwable fetch(ScriptedServer server) throws Exception {
        try (server;
                StoredPackage stored = at(server).open()) {
            stored.packageStream().readAllBytes();
            throw new AssertionError("it was believed");
        } catch (IOException e) {
            return e.getCause();
        } catch (VmmigException e) {
            return e;
        } finally {
            try (Stream<Path> files = Files.walk(spool)) {
                assertThat(files.filter(Files::isRegularFile)
                                .mapToLong(file -> file.toFile().length())
                                .sum())
                        .isLessThanOrEqualTo(CONTENT.length);
            }
        }
    }

    @Test
    void thePartAsItShouldBe() throws Exception {
        try (ScriptedServer server = withPart((head, out) ->
                        ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: " + CONTENT.length, CONTENT));
                StoredPackage stored = at(server).open()) {
            assertThat(stored.packageStream().readAllBytes()).isEqualTo(CONTENT);
        }
    }

    @Test
    void anIndexWithoutEnd() throws Exception {
        assertProblem(
                fetch(new ScriptedServer((head, out) -> endless(out, "HTTP/1.1 200 OK"))), Problem.PROTOCOL_VIOLATION);
    }

    @Test
    void aPartWithoutEnd() throws Exception {
        assertProblem(fetch(withPart((head, out) -> endless(out, "HTTP/1.1 200 OK"))), Problem.PROTOCOL_VIOLATION);
    }

    private static void endless(OutputStream out, String head) throws IOException {
        ScriptedServer.say(out, head, new byte[0]);
        while (true) {
            out.write(new byte[100_000]);
        }
    }

    @Test
    void anErrorWithoutEnd() throws Exception {
        assertProblem(fetch(withPart((head, out) -> endless(out, "HTTP/1.1 403 No"))), Problem.PEER_UNTRUSTED);
    }

    @Test
    void aHeadWithoutEnd() throws Exception {
        assertProblem(
                fetch(withPart((head, out) -> {
                    out.write("HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.US_ASCII));
                    while (true) {
                        out.write("X-Y: 0123456789012345678901234567890123456789\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                    }
                })),
                Problem.CONNECTION_LOST);
    }

    @Test
    void aPartOfAnotherLength() throws Exception {
        assertProblem(
                fetch(withPart(
                        (head, out) -> ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: 10", new byte[10]))),
                Problem.PROTOCOL_VIOLATION);
    }

    @Test
    void aRangeThatNobodyAskedFor() throws Exception {
        assertProblem(
                fetch(withPart((head, out) -> ScriptedServer.say(
                        out,
                        "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-19999/20000\nContent-Length: 20000",
                        CONTENT))),
                Problem.PROTOCOL_VIOLATION);
    }

    @Test
    void anotherRangeThanWasAskedFor() throws Exception {
        assertProblem(
                fetch(withPart((head, out) -> {
                    boolean rest = head.stream().anyMatch(line -> line.startsWith("Range: bytes="));
                    ScriptedServer.say(
                            out,
                            rest
                                    ? "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-19999/20000\nContent-Length: 20000"
                                    : "HTTP/1.1 200 OK\nContent-Length: 20000",
                            rest ? CONTENT : Arrays.copyOf(CONTENT, 18_000));
                })),
                Problem.PROTOCOL_VIOLATION);
    }

    @Test
    void aPartOfOtherContent() throws Exception {
        assertProblem(
                fetch(withPart((head, out) ->
                        ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: 20000", new byte[CONTENT.length]))),
                Problem.DIGEST_MISMATCH);
    }

    @Test
    void redirectsInALoop() throws Exception {
        assertThat(fetch(withPart((head, out) ->
                        ScriptedServer.say(out, "HTTP/1.1 302 Found\nLocation: /x\nContent-Length: 0", new byte[0]))))
                .hasMessageContaining("more than 5 times");
    }

    @Test
    void redirectsToSomethingElse() throws Exception {
        for (String location : List.of("file:///etc/passwd", "http://a:b@127.0.0.1/", "ht tp", "")) {
            assertProblem(
                    fetch(withPart((head, out) -> ScriptedServer.say(
                            out, "HTTP/1.1 302 Found\nLocation: " + location + "\nContent-Length: 0", new byte[0]))),
                    Problem.PROTOCOL_VIOLATION);
        }
    }

    @Test
    void anotherServerGetsNoCredentials() throws Exception {
        try (ScriptedServer other = withPart((head, out) ->
                        ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: " + CONTENT.length, CONTENT));
                ScriptedServer server = new ScriptedServer((head, out) -> ScriptedServer.say(
                        out,
                        "HTTP/1.1 307 Elsewhere\nContent-Length: 0\nLocation: "
                                + other.place(head.get(0).split(" ")[1].substring(1)),
                        new byte[0]));
                StoredPackage stored = at(server)
                        .over(Web.access(3000)
                                .header("Authorization", "hunter2")
                                .allowingOtherServers())
                        .open()) {
            assertThat(stored.packageStream().readAllBytes()).isEqualTo(CONTENT);
            assertThat(server.heads).allSatisfy(head -> assertThat(head).contains("Authorization: hunter2"));
            assertThat(other.heads).hasSize(2).allSatisfy(head -> assertThat(head.toString())
                    .doesNotContain("hunter2"));
        }
    }

    private static ScriptedServer redirecting(ScriptedServer other) throws IOException {
        return new ScriptedServer((head, out) -> ScriptedServer.say(
                out,
                "HTTP/1.1 307 Elsewhere\nContent-Length: 0\nLocation: "
                        + other.place(head.get(0).split(" ")[1].substring(1)),
                new byte[0]));
    }

    @Test
    void anotherServerIsAskedOnlyIfThatIsAllowed() throws Exception {
        try (ScriptedServer other = withPart((head, out) -> {});
                ScriptedServer server = redirecting(other)) {
            assertThatThrownBy(at(server)::open)
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION))
                    .hasMessageContaining("to another server")
                    .hasMessageContaining("allowingOtherServers");
            assertThat(other.heads).isEmpty();
        }
    }

    @Test
    void nothingIsWrittenToOrDeletedAtAnotherServer() throws Exception {
        HttpAccess access = Web.access(3000).allowingOtherServers();
        try (ScriptedServer other = new ScriptedServer((head, out) ->
                        ScriptedServer.say(out, "HTTP/1.1 201 Created\nContent-Length: 0", new byte[0]));
                ScriptedServer server = redirecting(other);
                RetryingHttpClient client = RetryingHttpClient.to(Addresses.below(server.place("x")), access, "x")) {
            assertThatThrownBy(() -> client.put("index", CONTENT, CONTENT.length, false, new Delivery()))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION))
                    .hasMessageContaining("PUT of index to another server");
            assertThatThrownBy(() -> client.delete("index"))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION))
                    .hasMessageContaining("DELETE of index to another server");
            assertThat(other.heads).isEmpty();
        }
    }

    @Test
    void withinOneServerAllIsRedirected() throws Exception {
        try (ScriptedServer server = new ScriptedServer((head, out) -> ScriptedServer.say(
                        out,
                        head.get(0).contains("/moved/")
                                ? "HTTP/1.1 201 Created\nContent-Length: 0"
                                : "HTTP/1.1 308 Moved\nContent-Length: 0\nLocation: /moved/index",
                        new byte[0]));
                RetryingHttpClient client =
                        RetryingHttpClient.to(Addresses.below(server.place("x")), Web.access(3000), "x")) {
            client.put("index", CONTENT, CONTENT.length, false, new Delivery());
            client.delete("index");
            assertThat(server.heads).hasSize(4);
        }
    }

    @Test
    void whatPortAnAddressLeavesOutIsKnown() {
        assertThat(Addresses.sameOrigin(URI.create("https://a/x"), URI.create("HTTPS://A:443/y")))
                .isTrue();
        assertThat(Addresses.sameOrigin(URI.create("http://a/x"), URI.create("http://a:80/y")))
                .isTrue();
        assertThat(Addresses.sameOrigin(URI.create("https://a/x"), URI.create("https://a:80/y")))
                .isFalse();
        assertThat(Addresses.sameOrigin(URI.create("https://a/x"), URI.create("http://a:443/y")))
                .isFalse();
    }

    @Test
    void moreThanAnybodySendsUnlessTold() throws Exception {
        int most = PartIndex.MAX_PARTS;
        byte[] huge = new PartIndex(
                        "abc", HttpPackage.MOST_BYTES + 1, 16 << 20, Collections.nCopies(most / 2 + 1, digest(CONTENT)))
                .toBytes();
        try (ScriptedServer server = new ScriptedServer(
                (head, out) -> ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: " + huge.length, huge))) {
            assertThatThrownBy(at(server)::open)
                    .satisfies(e -> assertProblem(e, Problem.PACKAGE_LIMIT_EXCEEDED))
                    .hasMessageContaining("atMost");
            assertThat(spool).isEmptyDirectory();
        }
    }

    @Test
    void anAnswerThatDoesNotCome() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        assertProblem(fetch(withPart((head, out) -> awaitQuietly(over))), Problem.PEER_STALLED);
        over.countDown();
    }

    private static void awaitQuietly(CountDownLatch over) {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anAnswerThatTrickles() throws Exception {
        assertProblem(
                fetch(withPart((head, out) -> {
                    ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: 20000", new byte[0]);
                    try {
                        while (true) {
                            out.write('0');
                            out.flush();
                            Await.timePasses(Duration.ofMillis(5));
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                })),
                Problem.PEER_STALLED);
    }

    @Test
    void aServerThatSaysItDeletes() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        journal.record(new HandOverEntry(HandOverEntry.Step.SENT, digest(CONTENT), 1, 0, null).toString());
        try (ScriptedServer server = new ScriptedServer((head, out) -> {
            if (head.get(0).startsWith("GET ") && head.get(0).contains(".000000 ")) {
                ScriptedServer.say(out, "HTTP/1.1 200 OK\nContent-Length: 1", new byte[1]);
            } else {
                ScriptedServer.say(
                        out,
                        head.get(0).startsWith("DELETE ")
                                ? "HTTP/1.1 204 No Content"
                                : "HTTP/1.1 404 Not Found\nContent-Length: 0",
                        new byte[0]);
            }
        })) {
            assertThatThrownBy(() -> at(server).outcomeOf(UUID.randomUUID(), journal))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }
}
