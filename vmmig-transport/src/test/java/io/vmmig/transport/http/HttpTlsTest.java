// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.vmmig.error.Problem;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.testing.Packages;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers with TLS, and proxies. */
@Timeout(60)
class HttpTlsTest {
    private static final char[] PASSWORD = "secret".toCharArray();

    @TempDir
    static Path temp;

    private static HttpsServer server;
    private static KeyStore keys;
    private static String pin;

    @BeforeAll
    static void start() throws Exception {
        Path store = temp.resolve("keys.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process making = new ProcessBuilder((keytool + " -genkeypair -keyalg EC -dname CN=packages -alias server"
                                + " -storetype PKCS12 -storepass secret -ext san=ip:127.0.0.1 -keystore " + store)
                        .split(" "))
                .inheritIO()
                .start();
        assertThat(making.waitFor(30, TimeUnit.SECONDS)).isTrue();
        keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        pin = HexFormat.ofDelimiter(":")
                .withUpperCase()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(keys.getCertificate("server").getEncoded()));
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/p", PackageHandler.in(temp.resolve("p"), (exchange, method, place) -> true));
        server.createContext("/plain", HttpTlsTest::redirectToPlainHttp);
        server.start();
    }

    @AfterAll
    static void stop() {
        server.stop(0);
    }

    private static void redirectToPlainHttp(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set("Location", "http://127.0.0.1/p/x/index");
        exchange.sendResponseHeaders(302, -1);
        exchange.close();
    }

    private static URI place(String path) {
        return URI.create("https://127.0.0.1:" + server.getAddress().getPort() + path);
    }

    private static void send(String path, HttpAccess access) throws Exception {
        try (PackageUpload upload =
                HttpPackage.at(place(path)).over(access).unsealed().put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 1000);
            upload.finish();
            upload.publish(HandOverJournal.inMemory());
        }
    }

    @Test
    void aServerIsKnownByItsCertificate() throws Exception {
        send("/p/pinned", Web.access(20_000).pinned(Set.of(pin)));
        assertThat(temp.resolve("p/pinned/index")).exists();
        assertThatThrownBy(() -> send("/p/other", Web.access(20_000).pinned(Set.of("0".repeat(64)))))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThatThrownBy(() -> Web.access(20_000).pinned(Set.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aServerIsKnownByAnAuthority() throws Exception {
        assertThatThrownBy(() -> send("/p/unknown", Web.access(20_000)))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);

        send("/p/trusted", Web.access(20_000).trusting(context));
        assertThat(temp.resolve("p/trusted/index")).exists();
    }

    @Test
    void httpsIsNotLeft() {
        assertThatThrownBy(() -> send("/plain", Web.access(20_000).pinned(Set.of(pin))))
                .hasMessageContaining("from https to plain http")
                .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
    }

    @Test
    void aProxyIsAsked() throws Exception {
        try (ScriptedServer proxy = new ScriptedServer(
                (head, out) -> ScriptedServer.say(out, "HTTP/1.1 404 Not Found\nContent-Length: 0", new byte[0]))) {
            HttpPackage there = HttpPackage.at(URI.create("http://packages.invalid/web-1"))
                    .over(Web.access(20_000)
                            .through(ProxySelector.of(new InetSocketAddress(
                                    InetAddress.getLoopbackAddress(),
                                    proxy.place("x").getPort()))))
                    .spooledIn(temp);
            assertThatThrownBy(there::open).satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
            assertThat(proxy.heads).singleElement().satisfies(head -> assertThat(head.get(0))
                    .isEqualTo("GET http://packages.invalid/web-1/index HTTP/1.1"));
        }
    }
}
