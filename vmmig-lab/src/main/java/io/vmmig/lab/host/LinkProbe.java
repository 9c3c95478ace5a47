// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Measures the link between two networked hosts, with a program on each of them. */
public final class LinkProbe {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final List<String> JVM_OPTIONS = List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    private static final String SERVE = "serve";
    private static final String MEASURE = "measure";

    private static final int ROUND_TRIPS = 15;
    private static final int BLOCK_BYTES = 1 << 17;
    private static final long MEASURED_NANOS = 1_500_000_000;
    /** How long a connection takes to find its rate, at least, and in round trips. */
    private static final long SEARCH_NANOS = 500_000_000;

    private static final int SEARCH_ROUND_TRIPS = 10;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;

    private LinkProbe() {}

    /** The round trip between two networked hosts, and what {@code a} can send to {@code b}; takes a few seconds. */
    public static Measured between(LabHost a, LabHost b) {
        Process server = start(b, a);
        BufferedReader answers = server.inputReader();
        try {
            String port =
                    CompletableFuture.supplyAsync(() -> firstLine(answers)).get(SOON.toSeconds(), TimeUnit.SECONDS);
            String[] words = launching(a, MEASURE, b.address(), port);
            String[] measured = Command.of(words).run(SOON).split(" ", -1);
            return new Measured(Double.parseDouble(measured[0]), Double.parseDouble(measured[1]));
        } catch (ExecutionException | TimeoutException e) {
            throw new LabException("could not measure between " + a + " and " + b, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        } finally {
            server.destroyForcibly();
        }
    }

    private static Process start(LabHost server, LabHost client) {
        try {
            return new ProcessBuilder(launching(server, SERVE, server.address()))
                    .redirectError(ProcessBuilder.Redirect.appendTo(
                            server.directory().resolve("probe.log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new LabException("could not measure between " + client + " and " + server, e);
        }
    }

    private static String[] launching(LabHost host, String... arguments) {
        List<String> words = OwnCode.launching(LinkProbe.class, JVM_OPTIONS);
        words.addAll(List.of(arguments));
        return host.inNetwork(words.toArray(String[]::new)).toArray(String[]::new);
    }

    private static String firstLine(BufferedReader answers) {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new LabException("the program at the other end has ended");
            }
            return line;
        } catch (IOException e) {
            throw new LabException("could not read from the program at the other end", e);
        }
    }

    /** Serves one measurement at an address and prints the port; or measures against such an address and port. */
    public static void main(String[] args) throws IOException {
        if (args[0].equals(SERVE)) {
            serve(InetAddress.getByName(args[1]));
        } else {
            measure(new InetSocketAddress(args[1], Integer.parseInt(args[2])));
        }
    }

    // ---- the end that sends

    private static void measure(InetSocketAddress server) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(server, (int) SOON.toMillis());
            prepare(socket);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            long roundTrip = roundTripNanos(out, in);
            out.writeLong(SEARCH_NANOS + SEARCH_ROUND_TRIPS * roundTrip);
            byte[] block = new byte[BLOCK_BYTES];
            while (in.available() == 0) {
                out.write(block);
            }
            System.out.println(roundTrip / NANOS_PER_MILLI + " " + in.readDouble());
            // Closing before the other end has read everything would reset the connection.
            socket.shutdownOutput();
            in.read();
        }
    }

    private static long roundTripNanos(DataOutputStream out, DataInputStream in) throws IOException {
        long[] nanos = new long[ROUND_TRIPS];
        for (int i = 0; i < ROUND_TRIPS; i++) {
            long start = System.nanoTime();
            out.writeByte(i);
            in.readByte();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return nanos[ROUND_TRIPS / 2];
    }

    // ---- the end that receives

    private static void serve(InetAddress address) throws IOException {
        try (ServerSocket listening = new ServerSocket(0, 1, address)) {
            listening.setSoTimeout((int) SOON.toMillis());
            System.out.println(listening.getLocalPort());
            try (Socket socket = listening.accept()) {
                prepare(socket);
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                DataInputStream in = new DataInputStream(socket.getInputStream());
                for (int i = 0; i < ROUND_TRIPS; i++) {
                    out.writeByte(in.readByte());
                }
                long search = in.readLong();
                byte[] block = new byte[BLOCK_BYTES];
                receive(in, block, search);
                out.writeDouble(receive(in, block, MEASURED_NANOS));
                in.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    /** The megabits per second of what comes in that time. */
    private static double receive(InputStream in, byte[] block, long nanos) throws IOException {
        long bytes = 0;
        long start = System.nanoTime();
        long now = start;
        while (now - start < nanos) {
            int count = in.read(block);
            if (count < 0) {
                throw new IOException("the other end has stopped sending");
            }
            bytes += count;
            now = System.nanoTime();
        }
        return bytes * Byte.SIZE / ((now - start) / NANOS_PER_MICRO);
    }

    private static void prepare(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) SOON.toMillis());
    }
}
