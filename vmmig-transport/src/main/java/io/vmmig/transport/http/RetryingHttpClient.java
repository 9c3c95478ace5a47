// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests for the objects of one package. Retries each until it makes no progress for too long; closing this ends all of
 * them. Thread-safe.
 */
final class RetryingHttpClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetryingHttpClient.class);
    private static final int MAX_REDIRECTS = 5;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    /** A transfer that always breaks and has to restart would never end. */
    private static final int MAX_FRUITLESS = 20;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration BRIEFLY = Duration.ofSeconds(10);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);
    private static final Set<Integer> WRITTEN = Set.of(200, 201, 204);
    /** The response must come from the server, not from a cache. */
    private static final Map<String, String> NOW = Map.of("Cache-Control", "no-cache");

    private final HttpAccess access;
    private final ObjectUrlResolver places;
    private final Duration retryTimeout;
    private final HttpClient client;
    private final HttpErrors answers;
    private final Set<CompletableFuture<?>> underWay = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    private RetryingHttpClient(HttpAccess access, ObjectUrlResolver places, String what, Duration retryTimeout) {
        this.access = access;
        this.places = places;
        this.retryTimeout = retryTimeout;
        this.client = access.client();
        this.answers = new HttpErrors(what);
    }

    static RetryingHttpClient to(ObjectUrlResolver places, HttpAccess access, String what) {
        return new RetryingHttpClient(access, places, what, access.retryTimeout());
    }

    /** Sends requests once, for work that can wait. */
    static RetryingHttpClient withoutRetry(ObjectUrlResolver places, HttpAccess access, String what) {
        return new RetryingHttpClient(access, places, what, Duration.ZERO);
    }

    /** Sends requests while a guest waits that could be resumed. */
    static RetryingHttpClient brieflyTo(ObjectUrlResolver places, HttpAccess access, String what) {
        return new RetryingHttpClient(
                access, places, what, access.retryTimeout().compareTo(BRIEFLY) < 0 ? access.retryTimeout() : BRIEFLY);
    }

    HttpErrors answers() {
        return answers;
    }

    /**
     * Writes an object (PUT).
     *
     * @param anew whether it must not exist yet, if the server checks that
     * @param delivery records how often it is sent, and the responses
     */
    void put(String name, byte[] content, int length, boolean anew, Delivery delivery) throws VmmigException {
        persist("PUT of " + name, false, pulse -> {
            delivery.attempted();
            Map<String, String> headers = anew ? Map.of("If-None-Match", "*") : Map.of();
            int status;
            try (CountedBody body = new CountedBody(content, length, pulse, delivery)) {
                status = exchange("PUT", name, headers, body, info -> BoundedBodySubscriber.ignored(), pulse)
                        .statusCode();
            }
            delivery.answered(status);
            if (!WRITTEN.contains(status)) {
                throw answers.unexpected(status, "PUT of " + name);
            }
            return true;
        });
    }

    /** Reads a small object; empty if the server itself says that it does not exist. */
    Optional<byte[]> get(String name, int limit) throws VmmigException {
        return persist("GET of " + name, false, pulse -> {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            HttpResponse<BoundedBodySubscriber> answer = exchange(
                    "GET",
                    name,
                    NOW,
                    BodyPublishers.noBody(),
                    info -> info.statusCode() == 200
                            ? new BoundedBodySubscriber(content, limit, pulse)
                            : BoundedBodySubscriber.ignored(),
                    pulse);
            if (absent(answer)) {
                requireNotStored(answer, name);
                return Optional.<byte[]>empty();
            }
            if (answer.statusCode() != 200) {
                throw answers.unexpected(answer.statusCode(), "GET of " + name);
            }
            if (answer.body().tooLong()) {
                throw answers.violation("has more of " + name + " than the " + limit + " bytes that it may have");
            }
            return Optional.of(content.toByteArray());
        });
    }

    /** The size of an object: -1 if the server does not say; empty if the server itself says that it does not exist. */
    Optional<Long> size(String name) throws VmmigException {
        return persist("GET of " + name, false, pulse -> {
            HttpResponse<BoundedBodySubscriber> answer = exchange(
                    "GET",
                    name,
                    Map.of("Range", "bytes=0-0", "Cache-Control", "no-cache"),
                    BodyPublishers.noBody(),
                    info -> BoundedBodySubscriber.ignored(),
                    pulse);
            return switch (answer.statusCode()) {
                case 404, 410 -> {
                    requireNotStored(answer, name);
                    yield Optional.<Long>empty();
                }
                case 200 ->
                    Optional.of(
                            answer.headers().firstValueAsLong("Content-Length").orElse(-1));
                case 416 -> Optional.of(0L);
                case 206 ->
                    Optional.of(ContentRange.of(answer.headers())
                            .map(ContentRange::whole)
                            .orElse(-1L));
                default -> throw answers.unexpected(answer.statusCode(), "GET of " + name);
            };
        });
    }

    /** Deletes an object, which may be gone already. */
    void delete(String name) throws VmmigException {
        persist("DELETE of " + name, false, pulse -> {
            HttpResponse<BoundedBodySubscriber> answer = exchange(
                    "DELETE", name, Map.of(), BodyPublishers.noBody(), info -> BoundedBodySubscriber.ignored(), pulse);
            if (!absent(answer) && !WRITTEN.contains(answer.statusCode())) {
                throw answers.unexpected(answer.statusCode(), "DELETE of " + name);
            }
            return true;
        });
    }

    /** A cached response says nothing about the current state. */
    private void requireNotStored(HttpResponse<?> answer, String name) throws RetryableException {
        if (answer.headers().firstValue("Age").filter(age -> !age.equals("0")).isPresent()) {
            throw answers.outOfCache("GET of " + name);
        }
    }

    private static boolean absent(HttpResponse<?> answer) {
        return answer.statusCode() == 404 || answer.statusCode() == 410;
    }

    /** One attempt. */
    @FunctionalInterface
    interface Attempt<T> {
        T run(TransferProgress pulse) throws VmmigException, RetryableException;
    }

    /**
     * Repeats an attempt until it succeeds, fails for good, or makes no progress for too long.
     *
     * @param keeps whether an attempt resumes where the last one broke
     */
    <T> T persist(String request, boolean keeps, Attempt<T> attempt) throws VmmigException {
        long since = System.nanoTime();
        long pause = FIRST_PAUSE.toNanos();
        int fruitless = 0;
        while (true) {
            TransferProgress pulse = new TransferProgress();
            try {
                return attempt.run(pulse);
            } catch (RetryableException e) {
                if (pulse.hasMoved() && (keeps || fruitless++ < MAX_FRUITLESS)) {
                    since = pulse.lastAt();
                    pause = FIRST_PAUSE.toNanos();
                }
                if (System.nanoTime() + pause - since > retryTimeout.toNanos()) {
                    throw e.why();
                }
                LOG.info("{}; {} is tried again", e.why().getMessage(), request);
                pause(pause);
                pause = Math.min(2 * pause, Math.min(LONGEST_PAUSE.toNanos(), retryTimeout.toNanos() / 10));
            }
        }
    }

    private void pause(long nanos) throws VmmigException {
        try {
            if (closed.await(nanos, TimeUnit.NANOSECONDS)) {
                throw ended();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /** One request, with its redirects. */
    HttpResponse<BoundedBodySubscriber> exchange(
            String method,
            String name,
            Map<String, String> headers,
            BodyPublisher body,
            BodyHandler<BoundedBodySubscriber> handler,
            TransferProgress pulse)
            throws VmmigException, RetryableException {
        String request = method + " of " + name;
        URI uri = requireUsable(places.of(method, name));
        URI first = uri;
        boolean atHome = true;
        for (int hops = 0; ; hops++) {
            HttpRequest.Builder builder = HttpRequest.newBuilder(uri).method(method, body);
            headers.forEach(builder::setHeader);
            if (atHome) {
                access.headers().forEach(builder::setHeader);
            }
            HttpResponse<BoundedBodySubscriber> answer = send(builder.build(), handler, request, pulse);
            int status = answer.statusCode();
            if (!REDIRECTS.contains(status)) {
                return answer;
            }
            if (hops == MAX_REDIRECTS) {
                throw answers.violation("redirects " + request + " more than " + MAX_REDIRECTS + " times");
            }
            if (status < 307 && !method.equals("GET")) {
                throw answers.violation(
                        "redirects " + request + " by " + status + ", which makes something else of it");
            }
            URI next = next(uri, answer, request);
            if (!Addresses.sameOrigin(next, uri)) {
                requireMayLeave(method, request);
            }
            atHome &= Addresses.sameOrigin(next, first);
            uri = next;
        }
    }

    private void requireMayLeave(String method, String request) throws VmmigException {
        if (!method.equals("GET")) {
            throw answers.violation(
                    "redirects " + request + " to another server, where nothing may be written or deleted");
        }
        if (!access.allowsOtherServers()) {
            throw answers.violation(
                    "redirects " + request + " to another server",
                    "Let it answer itself; or allow it by HttpAccess.allowingOtherServers(), if it may let this host ask any other.");
        }
    }

    private URI next(URI from, HttpResponse<?> answer, String request) throws VmmigException {
        URI next;
        try {
            next = from.resolve(answer.headers().firstValue("Location").orElse(":"));
        } catch (IllegalArgumentException e) {
            // Not as the cause, which may contain a secret.
            throw answers.violation("redirects " + request + " to an invalid address");
        }
        if (!Addresses.usable(next)) {
            throw answers.violation("redirects " + request + " to an address that cannot be used");
        }
        if (!Addresses.secure(next) && (Addresses.secure(from) || !access.allowsPlainHttp())) {
            throw answers.violation("redirects " + request + " from https to plain http");
        }
        return next;
    }

    private URI requireUsable(URI uri) throws VmmigException {
        if (!Addresses.usable(uri)) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the ObjectUrlResolver returns an address that is not http or https, or contains a user",
                    "Give credentials as a header, with HttpAccess.header(…).");
        }
        if (!Addresses.secure(uri) && !access.allowsPlainHttp()) {
            throw answers.plain();
        }
        return uri;
    }

    private HttpResponse<BoundedBodySubscriber> send(
            HttpRequest request, BodyHandler<BoundedBodySubscriber> handler, String what, TransferProgress pulse)
            throws VmmigException, RetryableException {
        CompletableFuture<HttpResponse<BoundedBodySubscriber>> answer = client.sendAsync(request, handler);
        underWay.add(answer);
        try {
            if (closed.getCount() == 0) {
                throw ended();
            }
            while (true) {
                long before = pulse.bytes();
                try {
                    return answer.get(access.stall().toNanos(), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    if (pulse.bytes() - before < TransferProgress.LEAST_BYTES) {
                        throw answers.stalled(what);
                    }
                }
            }
        } catch (CancellationException e) {
            throw ended();
        } catch (ExecutionException e) {
            throw answers.broken(e, what);
        } catch (InterruptedException e) {
            throw interrupted();
        } finally {
            // Cancels it, unless it has ended.
            answer.cancel(true);
            underWay.remove(answer);
        }
    }

    private static CancelledException ended() {
        return new CancelledException(Problem.CANCELLED, "the transfer over HTTP was aborted", "");
    }

    private static CancelledException interrupted() {
        Thread.currentThread().interrupt();
        return new CancelledException(Problem.CANCELLED, "the thread was interrupted", "");
    }

    /** Ends all requests, running and future ones. */
    @Override
    public void close() {
        closed.countDown();
        underWay.forEach(request -> request.cancel(true));
    }
}
