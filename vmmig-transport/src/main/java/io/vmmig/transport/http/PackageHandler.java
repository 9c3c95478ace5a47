// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves packages and images out of a directory, and takes them in, as a part of another program's HTTP server:
 *
 * <pre>{@code
 * HttpServer server = HttpServer.create(address, 0);
 * server.createContext("/packages", PackageHandler.in(directory, (exchange, method, place) -> allowed(exchange)));
 * }</pre>
 *
 * <p>It knows places, such as {@code /packages/web-1}, and in each the objects of one package or image, and no other names. Files are
 * for their owner only. A package is whole or has no index: an index is taken only if all its parts are there, and once it is there
 * nothing in that place can be written any more but a receipt, only deleted. How long a slow client may keep a connection is the server's to say.
 * Thread-safe; one directory for one handler.
 */
public final class PackageHandler implements HttpHandler {
    /** Who may do what. Called for each request, by several threads at once. */
    @FunctionalInterface
    public interface Authorizer {
        /**
         * Whether this request may be served.
         *
         * @param exchange who asks, and with which headers; its body is not to be read
         * @param method {@code GET}, {@code HEAD}, {@code PUT} or {@code DELETE}
         * @param place which package or image it is about, such as {@code web-1}
         */
        boolean allows(HttpExchange exchange, String method, String place);
    }

    private static final Logger LOG = LoggerFactory.getLogger(PackageHandler.class);
    private static final Pattern OBJECT = Pattern.compile(
            "/([A-Za-z0-9][A-Za-z0-9._-]{0,127})/(" + PartIndex.NAME + "|" + PartIndex.PART_NAME.pattern() + ")");
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,18})-([0-9]{0,18})");
    private static final int BUFFER_BYTES = 64 << 10;

    private final PackageShelf shelf;
    private final Authorizer authorizer;

    PackageHandler(PackageShelf shelf, Authorizer authorizer) {
        this.shelf = shelf;
        this.authorizer = authorizer;
    }

    /**
     * For the packages in that directory, which is made if it is not there.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when it cannot be used
     */
    public static PackageHandler in(Path directory, Authorizer authorizer) throws VmmigException {
        return in(directory, Long.MAX_VALUE, authorizer);
    }

    /** As {@link #in(Path, Authorizer)}, but with no more than {@code quota} bytes there, all together. */
    public static PackageHandler in(Path directory, long quota, Authorizer authorizer) throws VmmigException {
        try {
            return new PackageHandler(new PackageShelf(directory.toAbsolutePath(), quota), authorizer);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "packages cannot be kept in " + directory,
                    "Check the path and its permissions.");
        }
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            serve(exchange);
        } catch (IOException e) {
            // The client went away, or the disk failed; without an answer the client tries again.
            LOG.info("a request about a package was not served to its end: {}", e.toString());
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        String context = exchange.getHttpContext().getPath().replaceAll("/+$", "");
        // Raw, so that nothing which was escaped can become a slash or a dot.
        String path = exchange.getRequestURI().getRawPath();
        Matcher object = OBJECT.matcher(path.startsWith(context) ? path.substring(context.length()) : "");
        if (!object.matches()) {
            answer(exchange, 404);
            return;
        }
        String method = exchange.getRequestMethod();
        String place = object.group(1);
        String name = object.group(2);
        switch (method) {
            case "GET", "HEAD", "PUT", "DELETE" -> {
                if (!authorizer.allows(exchange, method, place)) {
                    answer(exchange, 403);
                } else if (method.equals("PUT")) {
                    put(exchange, place, name);
                } else if (method.equals("DELETE")) {
                    answer(exchange, shelf.delete(place, name) ? 204 : 404);
                } else {
                    get(exchange, place, name);
                }
            }
            default -> {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD, PUT, DELETE");
                answer(exchange, 405);
            }
        }
    }

    private static void answer(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private void put(HttpExchange exchange, String place, String name) throws IOException {
        OptionalLong length = length(exchange.getRequestHeaders());
        int most = name.equals(PartIndex.NAME)
                ? PartIndex.MAX_BYTES
                : name.endsWith("." + Receipt.SUFFIX) ? Receipt.MAX_BYTES : PartIndex.MAX_PART_BYTES;
        if (length.isEmpty()) {
            answer(exchange, 411);
        } else if (length.getAsLong() > most) {
            answer(exchange, 413);
        } else {
            InputStream body = exchange.getRequestBody();
            int status = shelf.put(place, name, body, (int) length.getAsLong());
            // Or the client might be cut off before it reads the answer.
            body.transferTo(OutputStream.nullOutputStream());
            answer(exchange, status);
        }
    }

    private static OptionalLong length(Headers headers) {
        String text = Optional.ofNullable(headers.getFirst("Content-Length")).orElse("");
        return text.matches("[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    private void get(HttpExchange exchange, String place, String name) throws IOException {
        Optional<PackageShelf.Content> found = shelf.open(place, name);
        if (found.isEmpty()) {
            answer(exchange, 404);
            return;
        }
        try (PackageShelf.Content content = found.get()) {
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
                    answer(exchange, 416);
                    return;
                }
                if (!range.group(2).isEmpty() && Long.parseLong(range.group(2)) >= first) {
                    end = Math.min(end, Long.parseLong(range.group(2)) + 1);
                }
                headers.set("Content-Range", "bytes " + first + "-" + (end - 1) + "/" + content.bytes());
                status = 206;
            }
            send(exchange, status, content, first, end);
        }
    }

    private static Matcher range(HttpExchange exchange, PackageShelf.Content content) {
        Headers headers = exchange.getRequestHeaders();
        String ifRange = headers.getFirst("If-Range");
        boolean same = ifRange == null || ifRange.equals(content.etag());
        return RANGE.matcher(
                same ? Optional.ofNullable(headers.getFirst("Range")).orElse("") : "");
    }

    private static void send(HttpExchange exchange, int status, PackageShelf.Content content, long first, long end)
            throws IOException {
        if (exchange.getRequestMethod().equals("HEAD") || end == first) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(end - first));
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, end - first);
        OutputStream out = exchange.getResponseBody();
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
