// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import io.vmmig.lab.LabException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A conversation with a lab guest over its virtio-serial channel: one line there, one or more back. */
public final class Channel implements AutoCloseable {
    /** What the channel is called in the domain XML. */
    public static final String NAME = "io.vmmig.lab.0";

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final SocketChannel socket;
    private final Selector selector;
    private final ByteBuffer received = ByteBuffer.allocate(4096).flip();

    private Channel(SocketChannel socket, Selector selector) {
        this.socket = socket;
        this.selector = selector;
    }

    /** Connects to the socket that libvirt made for the channel, and waits until the guest answers. */
    public static Channel to(Path socketFile) {
        try {
            SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
            Selector selector = Selector.open();
            Channel channel = new Channel(socket, selector);
            try {
                socket.connect(UnixDomainSocketAddress.of(socketFile));
                socket.configureBlocking(false);
                socket.register(selector, SelectionKey.OP_READ);
                channel.skipOldAnswers();
                return channel;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new LabException("could not talk to the guest at " + socketFile, e);
        }
    }

    /** An earlier client may have left before the guest had sent its whole answer; the rest then comes first. */
    private void skipOldAnswers() {
        String mark = UUID.randomUUID().toString();
        send("\nping " + mark); // the empty line ends a command that an earlier client did not finish
        while (!receive().equals("pong " + mark)) {
            // an answer to an earlier command
        }
    }

    /** The checksum of the memory that the guest keeps. */
    public String sum() {
        return ask("sum").replaceFirst("^sum ", "");
    }

    /** The guest's latest tick. */
    public long tick() {
        return Long.parseLong(ask("tick").replaceFirst("^tick ", ""));
    }

    /** Makes the guest fill that much more memory with random bytes. */
    public void fill(int mib) {
        ask("fill " + mib);
    }

    /**
     * Runs a shell command in the guest, for up to 100 s; returns the last line that it printed.
     *
     * @throws LabException when it fails
     */
    public String run(String command) {
        return ask("run " + command).replaceFirst("^ran ", "");
    }

    /** Tells the guest to end. */
    public void powerOff() {
        ask("poweroff");
    }

    /** How many records each disk really holds; -1 for a disk whose records are broken. */
    public Map<String, Long> records() {
        Map<String, Long> records = new LinkedHashMap<>();
        send("records");
        for (String line = answer(); !line.equals("end"); line = answer()) {
            String[] words = line.split(" ", -1);
            records.put(words[1], words[3].equals("ok") ? Long.parseLong(words[2]) : -1);
        }
        return records;
    }

    private String ask(String question) {
        send(question);
        return answer();
    }

    private String answer() {
        String line = receive();
        if (line.startsWith("error ")) {
            throw new LabException("the guest says: " + line);
        }
        return line;
    }

    private void send(String line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                socket.write(bytes);
            }
        } catch (IOException e) {
            throw new LabException("the guest's channel broke", e);
        }
    }

    private String receive() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            while (true) {
                while (received.hasRemaining()) {
                    byte b = received.get();
                    if (b == '\n') {
                        return line.toString(StandardCharsets.UTF_8);
                    }
                    line.write(b);
                }
                readMore(deadline);
            }
        } catch (IOException e) {
            throw new LabException("the guest's channel broke", e);
        }
    }

    private void readMore(long deadline) throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (millis <= 0) {
            throw new IOException("the guest did not answer within " + PATIENCE.toSeconds() + " s");
        }
        selector.select(millis);
        selector.selectedKeys().clear();
        received.clear();
        int n = socket.read(received);
        received.flip();
        if (n < 0) {
            throw new IOException("closed by the other end");
        }
    }

    @Override
    public void close() {
        try (socket;
                selector) {
            // close both, whatever happens
        } catch (IOException e) {
            throw new LabException("could not close the guest's channel", e);
        }
    }
}
