// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.bench.Options;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import io.vmmig.transport.tls.TlsTransport;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Attacks a host, which is a separate program with a heap of 256 MiB, in all ways by which a peer can exhaust it, and moves
 * guests to it meanwhile.
 */
public final class Flood {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int GUEST_BYTES = 2 << 20;
    private static final int LARGEST_OFFER_BYTES = 8 << 20;
    private static final int HOSTILE_HOSTS = 4;

    /**
     * The strength of the attacks.
     *
     * @param strangers connections per second
     * @param migrations honest migrations during the attack
     * @param latency of the link of the honest hosts, in each direction
     * @param sessions how many silent sessions of trusted hosts, and how many large or slow offers
     * @param slowData how many migrations send a byte a second
     * @param sources how many honest hosts start at once
     * @param deadline of the attacked host for what a peer owes it
     */
    record Scale(
            int strangers,
            int migrations,
            Duration latency,
            int sessions,
            int slowData,
            int sources,
            Duration deadline) {
        static final Scale FULL = new Scale(300, 10, Duration.ofMillis(50), 200, 4, 12, Duration.ofSeconds(20));
        static final Scale SHORT = new Scale(50, 3, Duration.ofMillis(5), 64, 1, 4, Duration.ofSeconds(3));
    }

    /**
     * The result of an attack.
     *
     * @param attack the attack
     * @param came how the attackers ended
     * @param honest how the honest migrations ended
     * @param load the peak load of the attacked host
     * @param withstood whether all honest migrations succeeded and all others were ended
     */
    record Row(String attack, String came, String honest, Target.Load load, boolean withstood) {}

    private final Scale scale;
    private final Path directory;
    private final PrintStream out;
    private final List<HostIdentity> honest = new ArrayList<>();
    private final List<HostIdentity> hostile = new ArrayList<>();
    private final Random random = new Random(1);
    private final List<Row> rows = new ArrayList<>();
    private int guests;

    Flood(Scale scale, Path directory, PrintStream out) {
        this.scale = scale;
        this.directory = directory;
        this.out = out;
    }

    /** Takes {@code --short}, an empty directory, and the file for the results, which {@code --short} does not write. */
    public static void main(String[] args) throws Exception {
        List<String> words = new ArrayList<>(List.of(args));
        Path document = Path.of(words.remove(words.size() - 1));
        Path directory = Path.of(words.remove(words.size() - 1));
        Options options = new Options(words);
        boolean brief = options.flag("short");
        options.requireNoMore();
        Flood flood = new Flood(brief ? Scale.SHORT : Scale.FULL, directory, System.out);
        List<Row> rows = flood.run();
        if (!brief) {
            Files.writeString(document, FloodDocument.of(Scale.FULL, rows));
        }
        System.exit(rows.stream().allMatch(Row::withstood) ? 0 : 1);
    }

    List<Row> run() throws Exception {
        for (int i = 0; i < Math.max(scale.sources, scale.migrations); i++) {
            honest.add(HostIdentity.in(directory.resolve("honest-" + i)));
        }
        for (int i = 0; i < HOSTILE_HOSTS; i++) {
            hostile.add(HostIdentity.in(directory.resolve("hostile-" + i)));
        }
        Set<Fingerprint> trusted = Stream.concat(honest.stream(), hostile.stream())
                .map(HostIdentity::fingerprint)
                .collect(Collectors.toSet());
        Path home = Files.createDirectories(directory.resolve("target"));
        try (Target.Running target = new Target.Running(home, scale.deadline, trusted);
                DelayedLink link = new DelayedLink(target.port, scale.latency)) {
            add(manyAtOnce(target, scale.sources, target.port));
            for (Strangers.Origin origin : Strangers.Origin.values()) {
                add(strangers(target, link, origin));
            }
            add(sessions(target, "%d trusted sessions that send nothing", source -> {}));
            add(sessions(
                    target,
                    "%d trusted sessions, each with an offer of 8 MiB of which it keeps the last 4 KiB",
                    source -> source.offer(LARGEST_OFFER_BYTES, LARGEST_OFFER_BYTES - 4096)));
            add(sessions(
                    target,
                    "%d trusted sessions, each with an offer that comes one byte a second",
                    source -> source.offer(64 << 10, 1)));
            add(slowData(target));
            add(manyAtOnce(target, scale.sources, target.port));
        }
        return rows;
    }

    private void add(Row row) {
        rows.add(row);
        out.println(row.attack + ": " + row.came + "; honest: " + row.honest + "; " + row.load
                + (row.withstood ? "" : " - NOT WITHSTOOD"));
    }

    // ---- the honest

    private Migrator migrator(HostIdentity self) throws VmmigException {
        String name = "guest-" + guests++;
        byte[] memory = new byte[GUEST_BYTES];
        random.nextBytes(memory);
        InMemoryHypervisor from = new InMemoryHypervisor(name);
        from.start(
                "<domain type='qemu'><name>" + name + "</name><uuid>" + UUID.randomUUID() + "</uuid>"
                        + "<memory unit='KiB'>" + (GUEST_BYTES >> 10) + "</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>",
                memory,
                true);
        return Migrator.of(from)
                .from(name)
                .state(HostState.open(directory.resolve("state-" + name)))
                // Each is a separate host.
                .admittedBy(new Semaphore(1));
    }

    private static TlsTransport to(Target.Running target, int port, HostIdentity self) throws VmmigException {
        return TlsTransport.to("127.0.0.1", port).as(self).trusting(target.fingerprint);
    }

    /** Honest migrations in progress. */
    private final class Moves {
        private final List<Migration<?>> all = new ArrayList<>();
        private final long began = System.nanoTime();

        Moves begin(Target.Running target, int count, int port) throws VmmigException {
            for (int i = 0; i < count; i++) {
                HostIdentity self = honest.get(i);
                all.add(migrator(self).to(to(target, port, self)).start());
            }
            return this;
        }

        /** How many have succeeded, once all have ended. */
        int await() throws InterruptedException, TimeoutException {
            int succeeded = 0;
            for (Migration<?> one : all) {
                try {
                    one.await(PATIENCE);
                    succeeded++;
                } catch (VmmigException e) {
                    out.println("  " + e.getMessage());
                }
            }
            return succeeded;
        }

        String took(int succeeded) {
            return succeeded + " of " + all.size() + " in " + seconds(Duration.ofNanos(System.nanoTime() - began));
        }
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }

    private Row manyAtOnce(Target.Running target, int count, int port) throws Exception {
        Moves moves = new Moves().begin(target, count, port);
        int succeeded = moves.await();
        return new Row("none", "", moves.took(succeeded), target.load(), succeeded == count);
    }

    // ---- the others

    private Row strangers(Target.Running target, DelayedLink link, Strangers.Origin origin) throws Exception {
        HostIdentity unknown = HostIdentity.in(directory.resolve("unknown"));
        try (Strangers strangers = new Strangers(target.port, scale.strangers, origin, unknown)) {
            // Until the port is full.
            while (strangers.came() < scale.strangers) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            long began = System.nanoTime();
            int before = strangers.came();
            Moves moves = new Moves().begin(target, scale.migrations, link.port());
            int succeeded = moves.await();
            double rate = (strangers.came() - before) * 1e9 / (System.nanoTime() - began);
            return new Row(
                    String.format(Locale.ROOT, "strangers from %s", origin),
                    String.format(Locale.ROOT, "%.0f a second", rate),
                    moves.took(succeeded),
                    target.load(),
                    succeeded == scale.migrations);
        }
    }

    /** What a connected source does. */
    private interface Deed {
        void by(RawSource source) throws IOException;
    }

    private Row sessions(Target.Running target, String attack, Deed deed) throws Exception {
        List<RawSource> sources = new ArrayList<>();
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        try {
            clock.scheduleAtFixedRate(() -> beat(sources), 1, 1, TimeUnit.SECONDS);
            for (int i = 0; i < scale.sessions; i++) {
                RawSource source = new RawSource(target.port, hostile.get(i % HOSTILE_HOSTS), target.fingerprint);
                synchronized (sources) {
                    sources.add(source);
                }
                try {
                    deed.by(source);
                } catch (IOException e) {
                    // It was rejected meanwhile.
                }
            }
            Target.Load load = target.load();
            Moves moves = new Moves().begin(target, 1, target.port);
            int succeeded = moves.await();
            List<Duration> borne = new ArrayList<>();
            for (RawSource source : sources) {
                borne.add(source.borne().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
            }
            Duration early = scale.deadline.dividedBy(2);
            long turnedAway =
                    borne.stream().filter(its -> its.compareTo(early) < 0).count();
            return new Row(
                    String.format(Locale.ROOT, attack, scale.sessions),
                    turnedAway + " rejected at once, the others after " + seconds(Collections.max(borne)) + " at most",
                    moves.took(succeeded),
                    load.orMore(target.load()),
                    succeeded == 1);
        } finally {
            clock.shutdownNow();
            sources.forEach(RawSource::close);
        }
    }

    private static void beat(List<RawSource> sources) {
        List<RawSource> all;
        synchronized (sources) {
            all = List.copyOf(sources);
        }
        all.forEach(RawSource::beat);
    }

    private Row slowData(Target.Running target) throws Exception {
        List<CompletableFuture<Duration>> ends = new ArrayList<>();
        for (int i = 0; i < scale.slowData; i++) {
            CompletableFuture<Duration> one = new CompletableFuture<>();
            ends.add(one);
            HostIdentity self = hostile.get(i % HOSTILE_HOSTS);
            Peer slow = slow(to(target, target.port, self), one);
            migrator(self).to(slow).start();
        }
        Moves moves = new Moves().begin(target, 1, target.port);
        Target.Load load = target.load();
        int succeeded = moves.await();
        List<Duration> borne = new ArrayList<>();
        for (CompletableFuture<Duration> one : ends) {
            borne.add(one.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        }
        return new Row(
                scale.slowData + " trusted hosts that send a package at one byte a second",
                "all given up, after " + seconds(Collections.max(borne)) + " at most",
                moves.took(succeeded),
                load.orMore(target.load()),
                succeeded == 1);
    }

    /** The same transport, on which the package is sent that slowly; returns how long it lasted. */
    private static Peer slow(Peer fast, CompletableFuture<Duration> borne) {
        return instead(
                Peer.class,
                fast,
                "open",
                real -> instead(
                        OutgoingSession.class,
                        (OutgoingSession) real,
                        "packageStream",
                        stream -> new SlowStream((OutputStream) stream, borne)));
    }

    /** Makes of what a method has returned what it returns. */
    private interface Change {
        Object of(Object returned);
    }

    private static <T> T instead(Class<T> type, T real, String method, Change change) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, called, arguments) -> {
                    try {
                        Object returned = called.invoke(real, arguments);
                        return called.getName().equals(method) ? change.of(returned) : returned;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    private static final class SlowStream extends OutputStream {
        private final OutputStream fast;
        private final CompletableFuture<Duration> borne;
        private final long began = System.nanoTime();

        SlowStream(OutputStream fast, CompletableFuture<Duration> borne) {
            this.fast = fast;
            this.borne = borne;
        }

        @Override
        public void write(int b) throws IOException {
            try {
                fast.write(b);
                fast.flush();
                TimeUnit.SECONDS.sleep(1);
            } catch (IOException e) {
                borne.complete(Duration.ofNanos(System.nanoTime() - began));
                throw e;
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }
}
