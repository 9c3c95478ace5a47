// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How to reach HTTP servers: trust, proxies, headers, timeouts.
 *
 * <pre>{@code
 * HttpAccess access = HttpAccess.standard().header("Authorization", "Bearer " + token).retryTimeout(Duration.ofMinutes(5));
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class HttpAccess {
    private static final int MOST_AT_ONCE = 16;

    private final @Nullable SSLContext tls;
    private final @Nullable ProxySelector proxies;
    private final Map<String, String> headers;
    private final Duration retryTimeout;
    private final int parallelism;
    private final boolean plain;
    private final boolean elsewhere;

    private HttpAccess(
            @Nullable SSLContext tls,
            @Nullable ProxySelector proxies,
            Map<String, String> headers,
            Duration retryTimeout,
            int parallelism,
            boolean plain,
            boolean elsewhere) {
        this.tls = tls;
        this.proxies = proxies;
        this.headers = headers;
        this.retryTimeout = retryTimeout;
        this.parallelism = parallelism;
        this.plain = plain;
        this.elsewhere = elsewhere;
    }

    /**
     * The defaults: the JVM's trusted authorities and proxies, no headers, a retry timeout of 60 s, four parallel requests, https
     * only, and no redirects to other servers.
     */
    public static HttpAccess standard() {
        return new HttpAccess(null, null, Map.of(), Duration.ofSeconds(60), 4, false, false);
    }

    /** Trusts servers by this context. */
    public HttpAccess trusting(SSLContext context) {
        return new HttpAccess(context, proxies, headers, retryTimeout, parallelism, plain, elsewhere);
    }

    /**
     * Trusts servers with exactly these certificates, regardless of name, issuer and dates.
     *
     * @param certificates the SHA-256 of each certificate in DER, as 64 hex digits, with or without colons
     */
    public HttpAccess pinned(Set<String> certificates) {
        return trusting(PinnedCertificates.context(certificates));
    }

    /** Uses the proxies that {@code selector} selects. */
    public HttpAccess through(ProxySelector selector) {
        return new HttpAccess(tls, selector, headers, retryTimeout, parallelism, plain, elsewhere);
    }

    /**
     * Adds a header to each request, such as an authorization. It is sent only to the addressed server, not to redirect targets,
     * and never logged. Over plain http anyone on the network can read it.
     */
    public HttpAccess header(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new HttpAccess(tls, proxies, Map.copyOf(more), retryTimeout, parallelism, plain, elsewhere);
    }

    /**
     * Sets how long to retry a transfer without progress, through lost connections and restarts of the server. A guest that is
     * being moved is paused meanwhile.
     *
     * @param limit 100 ms at least
     */
    public HttpAccess retryTimeout(Duration limit) {
        if (limit.compareTo(Duration.ofMillis(100)) < 0) {
            throw new IllegalArgumentException("a retry timeout of " + limit + " is too short");
        }
        return new HttpAccess(tls, proxies, headers, limit, parallelism, plain, elsewhere);
    }

    /** Sets the number of parallel requests, 1 to 16; while a package is sent, each needs the memory of two parts. */
    public HttpAccess parallelism(int requests) {
        if (requests < 1 || requests > MOST_AT_ONCE) {
            throw new IllegalArgumentException("1 to " + MOST_AT_ONCE + " requests at once, not " + requests);
        }
        return new HttpAccess(tls, proxies, headers, retryTimeout, requests, plain, elsewhere);
    }

    /**
     * Also allows plain http: for servers on this machine, or behind an otherwise secured link. An attacker on the network to
     * such a server can do everything that the server itself can: run a guest twice, or lose it ({@code docs/http.md}, "What a
     * lying server can do"), sealed or not.
     */
    public HttpAccess allowingPlainHttp() {
        return new HttpAccess(tls, proxies, headers, retryTimeout, parallelism, true, elsewhere);
    }

    /**
     * Allows a server to redirect a GET to another server, such as an object store. By default it may not, since it could make
     * this host send requests to addresses that only this host can reach. PUT and DELETE are never redirected to another server,
     * and the caller's headers are never sent to one.
     */
    public HttpAccess allowingOtherServers() {
        return new HttpAccess(tls, proxies, headers, retryTimeout, parallelism, plain, true);
    }

    boolean allowsOtherServers() {
        return elsewhere;
    }

    boolean allowsPlainHttp() {
        return plain;
    }

    HttpClient client() {
        HttpClient.Builder builder = HttpClient.newBuilder()
                // A broken HTTP/2 connection would fail all requests at once.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(stall());
        if (tls != null) {
            builder.sslContext(tls);
        }
        if (proxies != null) {
            builder.proxy(proxies);
        }
        return builder.build();
    }

    Map<String, String> headers() {
        return headers;
    }

    Duration retryTimeout() {
        return retryTimeout;
    }

    int parallelism() {
        return parallelism;
    }

    /** How long a request may make no progress before it is retried. */
    Duration stall() {
        Duration half = retryTimeout.dividedBy(2);
        Duration most = Duration.ofSeconds(20);
        return half.compareTo(most) < 0 ? half : most;
    }

    /** Without secrets. */
    @Override
    public String toString() {
        return "HttpAccess with " + headers.size() + " headers, retry timeout " + retryTimeout;
    }
}
