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
 * How HTTP servers are reached: whom to trust, through which proxy, with which headers, how long to try.
 *
 * <pre>{@code
 * HttpAccess access = HttpAccess.standard().header("Authorization", "Bearer " + token).patience(Duration.ofMinutes(5));
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class HttpAccess {
    private static final int MOST_AT_ONCE = 16;

    private final @Nullable SSLContext tls;
    private final @Nullable ProxySelector proxies;
    private final Map<String, String> headers;
    private final Duration patience;
    private final int atOnce;
    private final boolean plain;
    private final boolean elsewhere;

    private HttpAccess(
            @Nullable SSLContext tls,
            @Nullable ProxySelector proxies,
            Map<String, String> headers,
            Duration patience,
            int atOnce,
            boolean plain,
            boolean elsewhere) {
        this.tls = tls;
        this.proxies = proxies;
        this.headers = headers;
        this.patience = patience;
        this.atOnce = atOnce;
        this.plain = plain;
        this.elsewhere = elsewhere;
    }

    /**
     * The JVM's trusted authorities and proxies, no headers, a patience of 60 s, four requests at once, over https only, and of the
     * server that was addressed only.
     */
    public static HttpAccess standard() {
        return new HttpAccess(null, null, Map.of(), Duration.ofSeconds(60), 4, false, false);
    }

    /** The same, but servers are those that this context trusts. */
    public HttpAccess trusting(SSLContext context) {
        return new HttpAccess(context, proxies, headers, patience, atOnce, plain, elsewhere);
    }

    /**
     * The same, but a server is trusted if its certificate is one of these, whatever its name, issuer and dates.
     *
     * @param certificates the SHA-256 of each certificate in DER, as 64 hex digits, with or without colons
     */
    public HttpAccess pinned(Set<String> certificates) {
        return trusting(PinnedCertificates.context(certificates));
    }

    /** The same, but through the proxies that {@code selector} names. */
    public HttpAccess through(ProxySelector selector) {
        return new HttpAccess(tls, selector, headers, patience, atOnce, plain, elsewhere);
    }

    /**
     * The same, but each request has this header, such as an authorization. It goes to the server that was addressed, not to
     * where that may redirect to, and not to a log. Over plain http everybody on the way can read it.
     */
    public HttpAccess header(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new HttpAccess(tls, proxies, Map.copyOf(more), patience, atOnce, plain, elsewhere);
    }

    /**
     * The same, but a transfer that gets no further is tried for so long, through lost connections and restarts of the server.
     * A guest that is on its way stands still meanwhile.
     *
     * @param limit 100 ms at least
     */
    public HttpAccess patience(Duration limit) {
        if (limit.compareTo(Duration.ofMillis(100)) < 0) {
            throw new IllegalArgumentException("a patience of " + limit + " is none");
        }
        return new HttpAccess(tls, proxies, headers, limit, atOnce, plain, elsewhere);
    }

    /** The same, but with so many requests at once, 1 to 16; each takes the memory of two parts while a package is sent. */
    public HttpAccess atOnce(int requests) {
        if (requests < 1 || requests > MOST_AT_ONCE) {
            throw new IllegalArgumentException("1 to " + MOST_AT_ONCE + " requests at once, not " + requests);
        }
        return new HttpAccess(tls, proxies, headers, patience, requests, plain, elsewhere);
    }

    /**
     * The same, but over plain http as well: for servers on this machine, or behind a link that is secured otherwise. Whoever is on the
     * way to such a server can do to a guest whatever the server itself can: run it twice, or lose it ({@code docs/http.md}, "What a
     * lying server can do"), sealed or not.
     */
    public HttpAccess allowingPlainHttp() {
        return new HttpAccess(tls, proxies, headers, patience, atOnce, true, elsewhere);
    }

    /**
     * The same, but a server may redirect a GET to another one, as some do to an object store. By default it may not: it could let this
     * host ask addresses that only this host reaches. PUT and DELETE are never redirected to another server. The caller's headers stay
     * at home in any case.
     */
    public HttpAccess allowingOtherServers() {
        return new HttpAccess(tls, proxies, headers, patience, atOnce, plain, true);
    }

    boolean allowsOtherServers() {
        return elsewhere;
    }

    boolean allowsPlainHttp() {
        return plain;
    }

    HttpClient client() {
        HttpClient.Builder builder = HttpClient.newBuilder()
                // A connection of HTTP/2 would take all requests with it when it breaks.
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

    Duration patience() {
        return patience;
    }

    int atOnce() {
        return atOnce;
    }

    /** How long a request may stand still before it is made anew. */
    Duration stall() {
        Duration half = patience.dividedBy(2);
        Duration most = Duration.ofSeconds(20);
        return half.compareTo(most) < 0 ? half : most;
    }

    /** Without what may be secret. */
    @Override
    public String toString() {
        return "HttpAccess with " + headers.size() + " headers, patience " + patience;
    }
}
