// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import com.sun.net.httpserver.HttpServer;
import io.vmmig.crypto.HostIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** An embedding program's server on loopback, with our handler in it, behind a proxy that cuts. */
final class Web implements AutoCloseable {
    static final int PART = 64 << 10;

    final Path directory;
    final CuttingProxy proxy;
    private final PackageHandler handler;
    private final ExecutorService threads = Executors.newCachedThreadPool(Threads.named("web"));
    private volatile HttpServer server;

    Web(Path directory) throws Exception {
        this.directory = directory;
        this.handler = PackageHandler.in(directory, (exchange, method, place) -> true);
        server = start();
        proxy = new CuttingProxy(server.getAddress().getPort());
    }

    private HttpServer start() throws IOException {
        HttpServer begun = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        begun.createContext("/packages", handler);
        begun.setExecutor(threads);
        begun.start();
        return begun;
    }

    void stop() {
        server.stop(0);
    }

    /** On another port, since any other program may have been given the first one. */
    void startAgain() throws IOException {
        server = start();
        proxy.leadTo(server.getAddress().getPort());
    }

    URI place(String name) {
        return URI.create("http://127.0.0.1:" + proxy.port() + "/packages/" + name);
    }

    static HttpAccess access(int millis) {
        return HttpAccess.standard().allowingPlainHttp().parallelism(2).retryTimeout(Duration.ofMillis(millis));
    }

    HttpPackage at(String name, HostIdentity identity, Path spool) throws Exception {
        return HttpPackage.at(place(name))
                .over(access(20_000))
                .sealedFor(identity.keys())
                .openedBy(identity)
                .partBytes(PART)
                .spooledIn(spool);
    }

    List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    /** How much is there. */
    long bytes() throws IOException {
        long bytes = 0;
        for (String file : files()) {
            bytes += Files.size(directory.resolve(file));
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        server.stop(0);
        threads.shutdownNow();
    }
}
