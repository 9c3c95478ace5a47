// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import io.vmmig.Receiver;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor.GuestId;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.tls.TlsListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The attacked host, a separate program: receives guests until its standard input ends. It prints its port first, then, after
 * each line that it reads, its used heap and its number of threads.
 */
public final class Target {
    private Target() {}

    /** Takes its directory, its deadline for peers in ms, and the fingerprints that it trusts. */
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Set<Fingerprint> trusted = new HashSet<>();
        for (String fingerprint : Arrays.asList(args).subList(2, args.length)) {
            trusted.add(Fingerprint.parse(fingerprint));
        }
        InMemoryHypervisor hypervisor = new InMemoryHypervisor("target");
        HostState state = HostState.open(directory.resolve("state"));
        try (TlsListener listener = TlsListener.on("127.0.0.1", 0)
                        .as(HostIdentity.in(directory.resolve("identity")))
                        .trusting(trusted)
                        .progressTimeout(Duration.ofMillis(Long.parseLong(args[1])))
                        .listen();
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Receiver receiver =
                    Receiver.of(hypervisor).into(directory.resolve("guests")).state(state);
            Thread taker = new Thread(() -> take(listener, receiver), "taker");
            taker.setDaemon(true);
            taker.start();
            System.out.println(listener.port());
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                // Guests that have arrived are in the heap as well.
                hypervisor.guests().stream()
                        .map(GuestId::name)
                        .filter(name -> hypervisor.stateOf(name).equals(Optional.of(GuestState.RUNNING)))
                        .forEach(hypervisor::destroy);
                System.gc();
                System.out.println((ManagementFactory.getMemoryMXBean()
                                        .getHeapMemoryUsage()
                                        .getUsed()
                                >> 20) + " " + Thread.activeCount());
            }
        }
    }

    private static void take(TlsListener listener, Receiver receiver) {
        try {
            while (true) {
                IncomingSession session = listener.accept(Duration.ofDays(1));
                receiver.receive(session);
            }
        } catch (VmmigException e) {
            // The listener was closed.
        }
    }

    /** The target's process, as the attacker sees it. */
    static final class Running implements AutoCloseable {
        private final Process process;
        private final BufferedReader said;
        final Fingerprint fingerprint;
        final int port;

        Running(Path directory, Duration deadline, Set<Fingerprint> trusted) throws IOException, VmmigException {
            fingerprint = HostIdentity.in(directory.resolve("identity")).fingerprint();
            process = new ProcessBuilder(Stream.concat(
                                    Stream.of(
                                            Path.of(System.getProperty("java.home"), "bin", "java")
                                                    .toString(),
                                            "-Xmx256m",
                                            // Print an error of any thread: a successful attack must show.
                                            "-XX:+ExitOnOutOfMemoryError",
                                            "-cp",
                                            System.getProperty("java.class.path"),
                                            Target.class.getName(),
                                            directory.toString(),
                                            Long.toString(deadline.toMillis())),
                                    trusted.stream().map(Fingerprint::hex))
                            .toList())
                    .redirectError(directory.resolve("log").toFile())
                    .start();
            said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            port = Integer.parseInt(line());
        }

        private String line() throws IOException {
            String line = said.readLine();
            if (line == null) {
                throw new IOException("the host that is attacked has ended");
            }
            return line;
        }

        /** Its heap in MiB after a collection, and its threads; fails when it has run out of memory. */
        Load load() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            String[] words = line().split(" ", -1);
            return new Load(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
        }

        @Override
        public void close() throws IOException {
            process.getOutputStream().close();
            process.destroy();
        }
    }

    /** The target's load. */
    record Load(int heapMebibytes, int threads) {
        Load orMore(Load other) {
            return new Load(Math.max(heapMebibytes, other.heapMebibytes), Math.max(threads, other.threads));
        }

        @Override
        public String toString() {
            return heapMebibytes + " MiB, " + threads + " threads";
        }
    }
}
