// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Takes all of a package, and then says one thing of its index and does another, until it is mended. A destination sees what it has. */
final class FaultyServer implements AutoCloseable {
    /** What it answers to the PUT of the index: a status, or one of these. */
    static final int CUTS = -1;

    static final int IS_SILENT = -2;
    /** 200, with the page of a proxy. */
    static final int SHOWS_A_PAGE = -3;

    /** What it really does. */
    enum Deed {
        STORES("has it"),
        DROPS("does not have it"),
        STORES_LATER("gets it later"),
        STORES_MEANWHILE("gets it while the parts are deleted"),
        DROPS_AND_FORBIDS("does not have it, and lets nobody delete"),
        DROPS_AND_SAYS_DELETED("does not have it, and says that it deletes"),
        STORES_BEHIND_A_CACHE("has it, behind a cache that does not know it"),
        STORES_WITHOUT_A_PART("has it, and has lost a part"),
        HIDES("**lies**: has it, and hides it"),
        INVENTS("**lies**: loses it, and shows it");

        final String words;

        Deed(String words) {
            this.words = words;
        }

        boolean lies() {
            return this == HIDES || this == INVENTS;
        }
    }

    private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool(Threads.named("faulty"));
    private final HttpServer server;
    private final int answer;
    private final Deed deed;
    private volatile boolean mended;
    private volatile byte @Nullable [] index;

    FaultyServer(int answer, Deed deed) throws IOException {
        this.answer = answer;
        this.deed = deed;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/source/", exchange -> serve(exchange, true));
        server.createContext("/destination/", exchange -> serve(exchange, false));
        server.setExecutor(threads);
        server.start();
    }

    URI asSeenBySource() {
        return place("source");
    }

    URI asSeenByDestination() {
        return place("destination");
    }

    private URI place(String side) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/" + side);
    }

    /** From here on it does what it should, unless it lies; what was on its way has come. */
    void mend() {
        if ((deed == Deed.STORES_LATER || deed == Deed.STORES_MEANWHILE) && index != null) {
            objects.put(PartIndex.NAME, index);
        }
        mended = true;
    }

    private void serve(HttpExchange exchange, boolean source) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String name = path.substring(path.lastIndexOf('/') + 1);
            boolean faulty = source && !mended;
            switch (exchange.getRequestMethod()) {
                case "PUT" -> put(exchange, name, faulty && name.equals(PartIndex.NAME));
                case "DELETE" -> delete(exchange, name, faulty);
                default -> get(exchange, name, source);
            }
        }
    }

    private void put(HttpExchange exchange, String name, boolean faulty) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        if (!faulty) {
            objects.put(name, body);
            say(exchange, 201);
            return;
        }
        index = body;
        switch (deed) {
            case STORES, STORES_BEHIND_A_CACHE, HIDES -> objects.put(name, body);
            case STORES_WITHOUT_A_PART -> {
                objects.put(name, body);
                objects.keySet().removeIf(object -> object.endsWith(".000000"));
            }
            default -> {}
        }
        if (answer == IS_SILENT) {
            awaitEnd();
        } else if (answer == SHOWS_A_PAGE) {
            byte[] page = "<html>Welcome to this network</html>".getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
        } else if (answer != CUTS) {
            if (answer / 100 == 3) {
                exchange.getResponseHeaders()
                        .set("Location", exchange.getRequestURI().toString());
            }
            say(exchange, answer);
        }
    }

    private void awaitEnd() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void say(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private void delete(HttpExchange exchange, String name, boolean faulty) throws IOException {
        if (faulty && deed == Deed.STORES_MEANWHILE && index != null) {
            objects.put(PartIndex.NAME, index);
        }
        if (faulty && deed == Deed.DROPS_AND_FORBIDS) {
            say(exchange, 403);
        } else if (faulty && deed == Deed.DROPS_AND_SAYS_DELETED) {
            say(exchange, 204);
        } else if (deed == Deed.HIDES) {
            // It only says so.
            objects.put("deleted-" + name, new byte[0]);
            say(exchange, 204);
        } else {
            say(exchange, objects.remove(name) == null ? 404 : 204);
        }
    }

    private void get(HttpExchange exchange, String name, boolean source) throws IOException {
        byte[] content = objects.get(name);
        if (source && deed == Deed.INVENTS && name.equals(PartIndex.NAME)) {
            content = index;
        }
        boolean hidden = deed == Deed.HIDES
                && (name.equals(PartIndex.NAME) || name.endsWith(".receipt") || objects.containsKey("deleted-" + name));
        boolean cached = deed == Deed.STORES_BEHIND_A_CACHE && !mended && name.equals(PartIndex.NAME);
        if (source && (hidden || cached)) {
            if (cached && index != null) {
                exchange.getResponseHeaders().set("Age", "7");
            }
            say(exchange, 404);
        } else if (content == null) {
            say(exchange, 404);
        } else {
            boolean head = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))
                    .filter("bytes=0-0"::equals)
                    .isPresent();
            if (head) {
                exchange.getResponseHeaders().set("Content-Range", "bytes 0-0/" + content.length);
            }
            exchange.sendResponseHeaders(head ? 206 : 200, head ? 1 : content.length);
            exchange.getResponseBody().write(content, 0, head ? 1 : content.length);
        }
    }

    @Override
    public void close() {
        over.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
