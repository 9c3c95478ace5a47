// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Says whatever it likes. */
final class ScriptedServer implements Closeable {
    /** What it says to a request, given all lines of its head. */
    interface Script {
        void answer(List<String> head, OutputStream out) throws IOException;
    }

    private final ServerSocket listening;
    private final Script script;
    final List<List<String>> heads = new CopyOnWriteArrayList<>();

    ScriptedServer(Script script) throws IOException {
        this.script = script;
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Threads.named("scripted").newThread(this::accept).start();
    }

    URI place(String name) {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort() + "/" + name);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Threads.named("scripted").newThread(() -> serve(client)).start();
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket client) {
        try (client) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
            List<String> head = new CopyOnWriteArrayList<>();
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                head.add(line);
            }
            if (!head.isEmpty()) {
                heads.add(head);
                passBody(head, in);
                script.answer(head, client.getOutputStream());
            }
        } catch (IOException e) {
            // The client has had enough.
        }
    }

    /** What is closed with something unread is reset, and takes the answer with it. */
    private static void passBody(List<String> head, BufferedReader in) throws IOException {
        for (String line : head) {
            if (line.startsWith("Content-Length: ")) {
                for (long left = Long.parseLong(line.substring(16)); left > 0 && in.read() >= 0; left--) {
                    // On to the end.
                }
            }
        }
    }

    static void say(OutputStream out, String head, byte[] body) throws IOException {
        out.write((head.strip().replace("\n", "\r\n") + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
