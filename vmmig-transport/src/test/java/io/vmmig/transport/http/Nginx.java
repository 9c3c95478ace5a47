// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.transport.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real nginx with its dav module, on loopback, in a directory of the test. */
final class Nginx implements AutoCloseable {
    final Path root;
    final int port;
    private final Path directory;
    private Process process;

    Nginx(Path directory) throws Exception {
        this.directory = Files.createDirectories(directory);
        this.root = Files.createDirectory(directory.resolve("www"));
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String user = System.getProperty("user.name");
        Files.writeString(
                directory.resolve("nginx.conf"),
                """
                %s
                daemon off;
                master_process off;
                pid %2$s/pid;
                error_log %2$s/errors.log;
                events {}
                http {
                    access_log %2$s/access.log;
                    client_body_temp_path %2$s/body;
                    proxy_temp_path %2$s/proxy;
                    fastcgi_temp_path %2$s/fastcgi;
                    uwsgi_temp_path %2$s/uwsgi;
                    scgi_temp_path %2$s/scgi;
                    server {
                        listen 127.0.0.1:%3$d;
                        root %2$s/www;
                        client_max_body_size 64m;
                        dav_methods PUT DELETE;
                        create_full_put_path on;
                        dav_access user:rw;
                    }
                }
                """
                        .formatted(user.equals("root") ? "user root;" : "", directory, port));
        start();
    }

    void start() throws Exception {
        process = new ProcessBuilder(
                        "nginx",
                        "-p",
                        directory.toString(),
                        "-c",
                        directory.resolve("nginx.conf").toString(),
                        "-e",
                        directory.resolve("errors.log").toString())
                .inheritIO()
                .start();
        Await.until("it answers", this::answers);
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new AssertionError("nginx has ended; its errors are above, and in " + directory);
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** As {@code kill -9} does. */
    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new AssertionError("nginx outlives a kill");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Lines of the access log that hold these words. */
    List<String> log(String words) throws IOException {
        try (Stream<String> lines = Files.lines(directory.resolve("access.log"))) {
            return lines.filter(line -> line.contains(words)).toList();
        }
    }

    @Override
    public void close() {
        kill();
    }
}
