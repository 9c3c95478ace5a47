// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves packages and images from a directory, and stores them there, as part of another program's HTTP server:
 *
 * <pre>{@code
 * HttpServer server = HttpServer.create(address, 0);
 * server.createContext("/packages", PackageHandler.in(directory, (exchange, method, place) -> allowed(exchange)));
 * }</pre>
 *
 * <p>It knows places, such as {@code /packages/web-1}, and in each the objects of one package or image, and no other names. Files are
 * accessible to their owner only. A package is complete or has no index: an index is accepted only if all its parts are there. From then
 * on objects of that place can be deleted, but none can be written except a receipt. Parts that stay without an index are removed after
 * a while.
 *
 * <p>It answers on threads of its own, so {@link #handle} returns before it has answered, and must not be followed by a {@code close()} of
 * the exchange. A client that moves less than 16 KiB in 20 s is disconnected. How long a client may take for the head of a request is up
 * to the server. Thread-safe; one directory for one handler.
 */
public final class PackageHandler implements HttpHandler {
    /** Who may do what. Called for each request, by several threads at once. */
    @FunctionalInterface
    public interface Authorizer {
        /**
         * Whether this request may be served.
         *
         * @param exchange the client and its headers; its body must not be read
         * @param method {@code GET}, {@code HEAD}, {@code PUT} or {@code DELETE}
         * @param place the place of the package or image, such as {@code web-1}
         */
        boolean allows(HttpExchange exchange, String method, String place);

        /**
         * The client whose {@link Limits} a request counts against: by default the user whom the server has authenticated, or else the
         * client's address, which behind a proxy is the proxy's.
         *
         * @param exchange the request; nothing in it has been checked yet
         */
        default String client(HttpExchange exchange) {
            return exchange.getPrincipal() == null
                    ? exchange.getRemoteAddress().getAddress().getHostAddress()
                    : exchange.getPrincipal().getName();
        }
    }

    /**
     * How much is stored and served. An object counts as 64 KiB at least, from its announcement until it is deleted, and against the
     * client that wrote the first object of its place.
     *
     * @param bytes of all clients together; a gibibyte of the disk, or a twentieth of a smaller one, stays free in any case
     * @param clientBytes of each client
     * @param requests at once, of all clients together
     * @param clientRequests at once, of each client; a sender or a receiver makes up to 24
     * @param abandonedAfter parts without an index are removed that long after the last of them was written
     */
    public record Limits(long bytes, long clientBytes, int requests, int clientRequests, Duration abandonedAfter) {
        /** 256 GiB, 128 GiB of each client, 64 requests, 24 of each client, and seven days. */
        public static final Limits DEFAULT = new Limits(256L << 30, 128L << 30, 64, 24, Duration.ofDays(7));

        /** Checks that each is above 0. */
        public Limits {
            if (bytes <= 0
                    || clientBytes <= 0
                    || requests <= 0
                    || clientRequests <= 0
                    || abandonedAfter.isNegative()
                    || abandonedAfter.isZero()) {
                throw new IllegalArgumentException("a limit must be above 0");
            }
        }

        /** With other limits of bytes. */
        public Limits bytes(long all, long eachClient) {
            return new Limits(all, eachClient, requests, clientRequests, abandonedAfter);
        }

        /** With other limits of requests. */
        public Limits requests(int all, int eachClient) {
            return new Limits(bytes, clientBytes, all, eachClient, abandonedAfter);
        }

        /** With another age of abandoned parts. */
        public Limits abandonedAfter(Duration age) {
            return new Limits(bytes, clientBytes, requests, clientRequests, age);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(PackageHandler.class);
    private static final Pattern OBJECT = Pattern.compile(
            "/([A-Za-z0-9][A-Za-z0-9._-]{0,127})/(" + PartIndex.NAME + "|" + PartIndex.PART_NAME.pattern() + ")");
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,18})-([0-9]{0,18})");
    private static final int BUFFER_BYTES = 64 << 10;

    private static final int BUSY = 503;
    private static final Duration STALL = Duration.ofSeconds(20);
    private static final Duration IDLE = Duration.ofSeconds(30);

    private final PackageDirectory shelf;
    private final Authorizer authorizer;
    private final int clientRequests;
    private final Duration stall;
    private final ThreadPoolExecutor workers;
    /** How many requests of each client are being served. */
    private final Map<String, Integer> underWay = new HashMap<>();

    PackageHandler(PackageDirectory shelf, Limits limits, Duration stall, Authorizer authorizer) {
        this.shelf = shelf;
        this.authorizer = authorizer;
        this.clientRequests = limits.clientRequests();
        this.stall = stall;
        this.workers = new ThreadPoolExecutor(
                0,
                limits.requests(),
                IDLE.toSeconds(),
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Threads.named("vmmig-http-serve"));
    }

    /**
     * For the packages in that directory, which is created if needed, within {@link Limits#DEFAULT}.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when the directory cannot be used, or belongs to another user
     */
    public static PackageHandler in(Path directory, Authorizer authorizer) throws VmmigException {
        return in(directory, Limits.DEFAULT, authorizer);
    }

    /** As {@link #in(Path, Authorizer)}, but within these limits. */
    public static PackageHandler in(Path directory, Limits limits, Authorizer authorizer) throws VmmigException {
        return in(directory, limits, STALL, authorizer);
    }

    static PackageHandler in(Path directory, Limits limits, Duration stall, Authorizer authorizer)
            throws VmmigException {
        try {
            PackageDirectory shelf = new PackageDirectory(directory.toAbsolutePath(), limits, Clock.systemUTC());
            return new PackageHandler(shelf, limits, stall, authorizer);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "packages cannot be stored in " + directory,
                    "Check the path, and that it belongs to the user who runs this program.");
        }
    }

    @Override
    public void handle(HttpExchange exchange) {
        String client = authorizer.client(exchange);
        if (!begin(client)) {
            refuse(exchange);
            return;
        }
        boolean begun = false;
        try {
            workers.execute(() -> serve(exchange, client));
            begun = true;
        } catch (RejectedExecutionException e) {
            LOG.info("a request about a package was refused, since {} are being served", workers.getPoolSize());
        } finally {
            if (!begun) {
                end(client);
                refuse(exchange);
            }
        }
    }

    private boolean begin(String client) {
        synchronized (underWay) {
            int now = underWay.getOrDefault(client, 0);
            if (now >= clientRequests) {
                return false;
            }
            underWay.put(client, now + 1);
            return true;
        }
    }

    private void end(String client) {
        synchronized (underWay) {
            underWay.computeIfPresent(client, (any, now) -> now == 1 ? null : now - 1);
        }
    }

    /** The client retries. Its body cannot be read here, and an answer would have the server's thread wait for the unread body. */
    private static void refuse(HttpExchange exchange) {
        Headers headers = exchange.getRequestHeaders();
        try (exchange) {
            boolean none = Optional.ofNullable(headers.getFirst("Content-Length"))
                    .orElse("0")
                    .equals("0");
            if (none && !headers.containsKey("Transfer-Encoding")) {
                exchange.getResponseHeaders().set("Retry-After", "1");
                exchange.sendResponseHeaders(BUSY, -1);
            }
        } catch (IOException e) {
            LOG.debug("the client went away", e);
        }
    }

    private void serve(HttpExchange exchange, String client) {
        try (exchange;
                ClientWatch watch = ClientWatch.begin(exchange, stall)) {
            serve(exchange, client, watch);
        } catch (IOException | RuntimeException e) {
            // The client went away, or the disk failed; without an answer the client retries.
            LOG.info("a request about a package could not be served: {}", e.toString());
        } finally {
            end(client);
        }
    }

    private void serve(HttpExchange exchange, String client, ClientWatch watch) throws IOException {
        String context = exchange.getHttpContext().getPath().replaceAll("/+$", "");
        // Raw, so that nothing escaped can become a slash or a dot.
        String path = exchange.getRequestURI().getRawPath();
        Matcher object = OBJECT.matcher(path.startsWith(context) ? path.substring(context.length()) : "");
        if (!object.matches()) {
            answer(exchange, watch, 404);
            return;
        }
        String method = exchange.getRequestMethod();
        String place = object.group(1);
        String name = object.group(2);
        switch (method) {
            case "GET", "HEAD", "PUT", "DELETE" -> {
                if (!authorizer.allows(exchange, method, place)) {
                    answer(exchange, watch, 403);
                } else if (method.equals("PUT")) {
                    put(exchange, client, watch, place, name);
                } else if (method.equals("DELETE")) {
                    answer(exchange, watch, shelf.delete(place, name) ? 204 : 404);
                } else {
                    get(exchange, watch, place, name);
                }
            }
            default -> {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD, PUT, DELETE");
                answer(exchange, watch, 405);
            }
        }
    }

    private static void answer(HttpExchange exchange, ClientWatch watch, int status) throws IOException {
        passBody(exchange, watch);
        exchange.sendResponseHeaders(status, -1);
    }

    /** Before the answer: after it the server would wait for the rest with the thread that serves all its clients. */
    private static void passBody(HttpExchange exchange, ClientWatch watch) throws IOException {
        InputStream body = watch.watched(exchange.getRequestBody());
        byte[] buffer = new byte[BUFFER_BYTES];
        long passed = 0;
        for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
            passed += n;
            if (passed > PartIndex.MAX_PART_BYTES) {
                throw new IOException("a refused client sends more than any part can have");
            }
        }
    }

    private void put(HttpExchange exchange, String client, ClientWatch watch, String place, String name)
            throws IOException {
        OptionalLong length = length(exchange.getRequestHeaders());
        int most = name.equals(PartIndex.NAME)
                ? PartIndex.MAX_BYTES
                : name.endsWith("." + Receipt.SUFFIX) ? Receipt.MAX_BYTES : PartIndex.MAX_PART_BYTES;
        if (length.isEmpty()) {
            answer(exchange, watch, 411);
        } else if (length.getAsLong() > most) {
            answer(exchange, watch, 413);
        } else {
            InputStream body = watch.watched(exchange.getRequestBody());
            int status = shelf.put(client, place, name, body, (int) length.getAsLong());
            answer(exchange, watch, status);
        }
    }

    private static OptionalLong length(Headers headers) {
        String text = Optional.ofNullable(headers.getFirst("Content-Length")).orElse("");
        return text.matches("[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    private void get(HttpExchange exchange, ClientWatch watch, String place, String name) throws IOException {
        Optional<PackageDirectory.Content> found = shelf.open(place, name);
        if (found.isEmpty()) {
            answer(exchange, watch, 404);
            return;
        }
        passBody(exchange, watch);
        try (PackageDirectory.Content content = found.get()) {
            Headers headers = exchange.getResponseHeaders();
            headers.set("ETag", content.etag());
            headers.set("Accept-Ranges", "bytes");
            headers.set("Content-Type", "application/octet-stream");
            long first = 0;
            long end = content.bytes();
            int status = 200;
            Matcher range = range(exchange, content);
            if (range.matches()) {
                first = Long.parseLong(range.group(1));
                if (first >= end) {
                    headers.set("Content-Range", "bytes */" + end);
                    answer(exchange, watch, 416);
                    return;
                }
                if (!range.group(2).isEmpty() && Long.parseLong(range.group(2)) >= first) {
                    end = Math.min(end, Long.parseLong(range.group(2)) + 1);
                }
                headers.set("Content-Range", "bytes " + first + "-" + (end - 1) + "/" + content.bytes());
                status = 206;
            }
            send(exchange, watch, status, content, first, end);
        }
    }

    private static Matcher range(HttpExchange exchange, PackageDirectory.Content content) {
        Headers headers = exchange.getRequestHeaders();
        String ifRange = headers.getFirst("If-Range");
        boolean same = ifRange == null || ifRange.equals(content.etag());
        return RANGE.matcher(
                same ? Optional.ofNullable(headers.getFirst("Range")).orElse("") : "");
    }

    private static void send(
            HttpExchange exchange,
            ClientWatch watch,
            int status,
            PackageDirectory.Content content,
            long first,
            long end)
            throws IOException {
        if (exchange.getRequestMethod().equals("HEAD") || end == first) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(end - first));
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, end - first);
        OutputStream out = watch.watched(exchange.getResponseBody());
        byte[] buffer = new byte[BUFFER_BYTES];
        content.skipTo(first);
        for (long left = end - first; left > 0; ) {
            int n = content.read(buffer, (int) Math.min(left, buffer.length));
            if (n < 0) {
                throw new IOException("a file became shorter while it was sent");
            }
            out.write(buffer, 0, n);
            left -= n;
        }
        out.close();
    }
}
