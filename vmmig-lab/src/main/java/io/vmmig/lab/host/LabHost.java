// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.domain.Loss;
import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.report.RecoveryReport;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A host of the lab: its own libvirt, its own directories, and its own JVM that runs vmmig. Thread-safe. */
public final class LabHost implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Two processors are too few for a concurrent collector, and loading classes should not cause a collection. */
    private static final List<String> JVM_OPTIONS =
            List.of("-XX:+UseParallelGC", "-XX:MetaspaceSize=128m", "-Dorg.slf4j.simpleLogger.showDateTime=true");

    private static final String THIS_MACHINE = "127.0.0.1";

    private final String name;
    private final Path directory;
    private final LibvirtKind libvirt;
    /** Whether its program is on the lab's network, as its guests are. */
    private final boolean networked;

    private final List<String> jvmOptions;
    private final Map<String, String> environment;
    private final List<Runnable> whenClosed = new CopyOnWriteArrayList<>();
    private volatile AgentProcess agent;
    private final JsonObject greeting;

    private LabHost(
            String name,
            Path directory,
            LibvirtKind libvirt,
            boolean networked,
            List<String> jvmOptions,
            Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
        this.name = name;
        this.directory = directory;
        this.libvirt = libvirt;
        this.networked = networked;
        this.jvmOptions = jvmOptions;
        this.agent = startAgent();
        try {
            this.greeting = agent.greeting();
        } catch (RuntimeException e) {
            agent.close();
            libvirt.close();
            throw e;
        }
    }

    private AgentProcess startAgent() {
        List<String> options = new ArrayList<>(JVM_OPTIONS);
        options.addAll(jvmOptions);
        options.add("-Djava.io.tmpdir=" + directory.resolve("tmp"));
        List<String> words = new ArrayList<>(OwnCode.launching(HostAgent.class, options));
        words.addAll(List.of(
                libvirt.uri(),
                guestsDirectory().toString(),
                stateDirectory().toString(),
                identityDirectory().toString(),
                address()));
        List<String> command = networked ? inNetwork(words.toArray(String[]::new)) : words;
        return AgentProcess.start(name, directory.resolve("agent.log"), command, environment);
    }

    /** Starts another agent in place of one that has died; guests stay as they are. */
    public void revive() {
        agent.awaitDeath();
        agent = startAgent();
        agent.greeting();
    }

    /**
     * Starts a second program that moves guests of this host, as another tool on it would. The returned host uses that program;
     * close it before this one.
     */
    public LabHost secondProgram() {
        List<String> options = new ArrayList<>(jvmOptions);
        options.add("-D" + HostAgent.SECOND + "=true");
        return new LabHost(name, directory, new Shared(libvirt.uri()), networked, options, environment);
    }

    /** The libvirt of a host that outlives this program. */
    record Shared(String uri) implements LibvirtKind {
        @Override
        public void close() {}
    }

    /** Kills and hampers the programs of this host. */
    public HostTrouble trouble() {
        return new HostTrouble(agent, libvirt);
    }

    private HostNetwork network() {
        if (libvirt instanceof LibvirtDaemon daemon) {
            return new HostNetwork(daemon);
        }
        throw new LabException("this host has no network of its own");
    }

    /** Where its program listens. */
    public String address() {
        return networked ? network().address() : THIS_MACHINE;
    }

    /** From now on, and until its power is off, its traffic with other hosts passes such a link. */
    public void link(Link link) {
        network().link(link);
    }

    /** The command that runs these words in the host's network, with the files of this machine. */
    public List<String> inNetwork(String... words) {
        return network().inside(words);
    }

    /** The first process of the host, as seen from this machine. */
    public long initPid() {
        return network().initPid();
    }

    /** How many bytes it has sent to other hosts since its power was turned on. */
    public long bytesSent() {
        return network().bytesSent();
    }

    /**
     * Recovers the migrations of an agent that has died; returns what was done.
     *
     * @param others the possible peers
     */
    public List<Resolved> recover(LabHost... others) {
        JsonObject command = command("recover");
        command.addProperty("trusting", fingerprints(others));
        return Resolved.allOf(call(command));
    }

    private static String fingerprints(LabHost... hosts) {
        return Stream.of(hosts).map(LabHost::fingerprint).collect(Collectors.joining(" "));
    }

    /** Resolves one migration as a person decided. */
    public List<Resolved> decide(LabHost other, UUID packageId, RecoveryReport.Side guestLivesAt) {
        JsonObject command = command("decide");
        command.addProperty("trusting", other.fingerprint());
        command.addProperty("package", packageId.toString());
        command.addProperty("livesAt", guestLivesAt.name());
        return Resolved.allOf(call(command));
    }

    /**
     * Listens, from now on, for guests from other hosts and for inquiries; returns the port.
     *
     * @param idle after how much silence a peer is considered dead
     * @param resuming how long it may take to reconnect after that
     */
    public int listen(Duration idle, Duration resuming, LabHost... others) {
        JsonObject command = command("listen");
        command.addProperty("trusting", fingerprints(others));
        command.addProperty("idleMillis", idle.toMillis());
        command.addProperty("resumeMillis", resuming.toMillis());
        return call(command).get("port").getAsInt();
    }

    static LabHost start(
            String name,
            Path directory,
            LibvirtKind libvirt,
            boolean networked,
            List<String> jvmOptions,
            Map<String, String> environment) {
        try {
            Files.createDirectories(directory.resolve("tmp"));
        } catch (IOException e) {
            throw new LabException("could not make " + directory, e);
        }
        return new LabHost(name, directory, libvirt, networked, jvmOptions, environment);
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** What its libvirt is called in URIs. */
    public String uri() {
        return libvirt.uri();
    }

    /** The fingerprint of its vmmig. */
    public String fingerprint() {
        return greeting.get("fingerprint").getAsString();
    }

    /** Its card, by which others trust it, as text. */
    public String card() {
        return greeting.get("card").getAsString();
    }

    /** The versions of its libvirt and QEMU. */
    public String versions() {
        return greeting.get("versions").getAsString();
    }

    /** Everything that belongs to it. */
    public Path directory() {
        return directory;
    }

    /** Where guests that were moved here have their files. */
    public Path guestsDirectory() {
        return directory.resolve("guests");
    }

    /** What it remembers. */
    public Path stateDirectory() {
        return directory.resolve("state");
    }

    /** Its key pair. */
    public Path identityDirectory() {
        return directory.resolve("id");
    }

    /** Sets the size of its package cache. */
    public void keepAtMost(long bytes) {
        JsonObject command = command("quota");
        command.addProperty("bytes", bytes);
        call(command);
    }

    /** Makes {@code virsh save} write that format here; restarts its libvirtd. */
    public void saveImageFormat(String format) {
        if (!(libvirt instanceof LibvirtDaemon daemon)) {
            throw new LabException("host " + name + " has no libvirtd");
        }
        daemon.set("save_image_format", format);
    }

    /** The time that its program sees. */
    public Instant clock() {
        return Instant.parse(call(command("clock")).get("now").getAsString());
    }

    /** Registers what to run when the host is closed, before its files are removed. */
    public void whenClosed(Runnable what) {
        whenClosed.add(what);
    }

    /** Where a guest that was started here has its disks, console and channel. */
    public Path homeOf(String guest) {
        return directory.resolve("made").resolve(guest);
    }

    /** Adds a file to its store of base images. */
    public void addImage(Path file, String format) {
        JsonObject command = command("addImage");
        command.addProperty("format", format);
        command.addProperty("file", file.toString());
        call(command);
    }

    /** Adds the kernel and the initial ramdisk of a guest to its store, so that they need not be sent. */
    public void addBootFiles(GuestKind.Image image) {
        addImage(image.kernel(), "raw");
        addImage(image.initrd(), "raw");
    }

    /** Starts a guest and returns at once. */
    public LabGuest start(LabDomain domain) {
        Path home = homeOf(domain.name());
        Console console = Console.from(home.resolve("console"));
        define(domain, true);
        return new LabGuest(this, domain.name(), console, home.resolve("channel"));
    }

    /** Resumes a paused guest, as its owner would. */
    public void resume(String guest) {
        JsonObject command = command("resume");
        command.addProperty("guest", guest);
        call(command);
    }

    /** Defines a guest without starting it. */
    public void define(LabDomain domain) {
        define(domain, false);
    }

    private void define(LabDomain domain, boolean start) {
        JsonObject command = command("define");
        command.addProperty("name", domain.name());
        command.addProperty("xml", domain.xml(homeOf(domain.name())));
        command.addProperty("persistent", domain.persistent() || !start);
        command.addProperty("start", start);
        call(command);
    }

    /** Ends a guest and removes what belongs to it. */
    public void remove(String guest) {
        JsonObject command = command("remove");
        command.addProperty("name", guest);
        call(command);
        Trees.delete(homeOf(guest));
        Trees.delete(guestsDirectory().resolve(guest));
    }

    /** Ends all guests and removes what belongs to them. */
    public void clear() {
        guests().forEach(this::remove);
        Trees.delete(directory.resolve("made"));
        Trees.delete(guestsDirectory());
    }

    /** The names of all guests that it knows. */
    public List<String> guests() {
        JsonArray names = call(command("guests")).getAsJsonArray("names");
        return StreamSupport.stream(names.spliterator(), false)
                .map(JsonElement::getAsString)
                .toList();
    }

    /** What a guest is doing: RUNNING, PAUSED or STOPPED. */
    public String stateOf(String guest) {
        return describe(guest).get("state").getAsString();
    }

    /** Whether a guest is paused because its QEMU could not write to a disk. */
    public boolean pausedByError(String guest) {
        JsonObject command = command("pausedByError");
        command.addProperty("guest", guest);
        return call(command).get("byError").getAsBoolean();
    }

    /** Waits until a guest is in that state. */
    public void awaitState(String guest, String state) {
        Await.until(guest + " to be " + state, SOON, () -> stateOf(guest).equals(state));
    }

    /** The live domain XML of a guest. */
    public String xmlOf(String guest) {
        return describe(guest).get("xml").getAsString();
    }

    /** The image that a running guest's disk writes to. */
    public Path diskOf(String guest, String target) {
        return DomainFiles.of(xmlOf(guest)).disk(target);
    }

    private JsonObject describe(String guest) {
        JsonObject command = command("describe");
        command.addProperty("guest", guest);
        return call(command);
    }

    /** A guest that was moved here; {@code before} is what {@link #logSizes} said before it came. */
    LabGuest arrived(String guest, LogSizes before) {
        DomainFiles files = DomainFiles.of(xmlOf(guest));
        return new LabGuest(this, guest, before.console(files.console()), files.channel(Channel.NAME));
    }

    /** A guest that came here without the lab's help. */
    public LabGuest adopt(String guest) {
        return arrived(guest, new LogSizes(Map.of()));
    }

    /** The sizes of the logs that guests have left here: a guest that returns appends to them. */
    LogSizes logSizes() {
        return LogSizes.of(directory);
    }

    /** Starts to receive one guest from a host with that fingerprint; returns once it can be sent. */
    public Receiving receive(String fingerprint, ReceiveOptions options) {
        JsonObject command = command("receive");
        command.addProperty("trusting", fingerprint);
        options.addTo(command, this);
        return Receiving.start(this, agent, command, options.events());
    }

    /** Moves a guest to a host that is receiving. */
    public Move migrate(String guest, Receiving to) {
        return migrate(guest, to, event -> {});
    }

    /** The same; {@code events} gets what it says meanwhile. */
    public Move migrate(String guest, Receiving to, Consumer<JsonObject> events) {
        return move(migration(guest, to), events);
    }

    /**
     * Moves a guest to a host that is receiving, through a proxy; neither host is a networked one.
     *
     * @param port the proxy's port on this machine
     * @param idle after how much silence the peer is considered dead
     * @param asking how long to ask it for an answer that was lost
     * @param point where one of the ends waits until it is told to continue, or null
     */
    public Move migrate(
            String guest, LabHost to, int port, Duration idle, Duration asking, @Nullable InjectionPoint point) {
        JsonObject command = migration(guest, THIS_MACHINE, port, to.fingerprint());
        command.addProperty("idleMillis", idle.toMillis());
        command.addProperty("askMillis", asking.toMillis());
        if (point != null) {
            command.addProperty("profile", point.profile().name());
        }
        if (point != null && point.atSource()) {
            command.addProperty("stopAt", point.name());
        }
        return move(command, event -> {});
    }

    /** Moves a guest to a host that is receiving, with that profile. */
    public Move migrate(String guest, Receiving to, SendProfile profile) {
        JsonObject command = migration(guest, to);
        command.addProperty("profile", profile.name());
        return move(command, event -> {});
    }

    /** Moves a guest with a copy of a disk that it shares with other guests. */
    public Move migrateCopying(String target, String guest, Receiving to) {
        JsonObject command = migration(guest, to);
        command.addProperty("copying", target);
        return move(command, event -> {});
    }

    /** Moves a guest with its base images. */
    public Move migrateComplete(String guest, Receiving to) {
        JsonObject command = migration(guest, to);
        command.addProperty("baseImages", true);
        return move(command, event -> {});
    }

    /** Backs a guest up with its base images, for that host to open; it keeps running. */
    public Move saveComplete(LabHost host, String guest, Path file) {
        JsonObject command = saving(guest, file, List.of(), List.of(host), true, SendProfile.DEFAULT);
        command.addProperty("baseImages", true);
        return move(command, event -> {});
    }

    /** Moves a guest to a host that is receiving, and accepts this loss. */
    public Move migrateLosing(String guest, Receiving to, Loss... losses) {
        return losing(migration(guest, to), losses);
    }

    /** The same, with a copy of a disk that it shares with other guests. */
    public Move migrateCopyingAndLosing(String target, String guest, Receiving to, Loss... losses) {
        JsonObject command = migration(guest, to);
        command.addProperty("copying", target);
        return losing(command, losses);
    }

    private Move losing(JsonObject command, Loss... losses) {
        JsonArray names = new JsonArray();
        List.of(losses).forEach(loss -> names.add(loss.name()));
        command.add("losses", names);
        return move(command, event -> {});
    }

    /** Moves a guest to the listener at that port of this machine, which must have that fingerprint. */
    public Move migrate(String guest, int port, String fingerprint, Consumer<JsonObject> events) {
        return move(migration(guest, THIS_MACHINE, port, fingerprint), events);
    }

    private static JsonObject migration(String guest, Receiving to) {
        return migration(guest, to.host().address(), to.port(), to.host().fingerprint());
    }

    private static JsonObject migration(String guest, String address, int port, String fingerprint) {
        JsonObject command = command("migrate");
        command.addProperty("address", address);
        command.addProperty("guest", guest);
        command.addProperty("port", port);
        command.addProperty("trusting", fingerprint);
        command.addProperty("profile", SendProfile.DEFAULT.name());
        return command;
    }

    /** Writes a guest to a package file. */
    public Move save(String guest, Path file, boolean leaveRunning, Consumer<JsonObject> events) {
        return save(guest, file, List.of(), List.of(), leaveRunning, SendProfile.DEFAULT, events);
    }

    /** Writes a guest to a package file that only these hosts can open. */
    public Move saveFor(
            List<LabHost> hosts, String guest, Path file, boolean leaveRunning, Consumer<JsonObject> events) {
        return save(guest, file, List.of(), hosts, leaveRunning, SendProfile.DEFAULT, events);
    }

    /** Writes what has changed of a guest since an earlier package to a file; the guest keeps running. */
    public Move saveChanges(String guest, Path file, List<Path> earlier) {
        return saveChangesFor(List.of(), guest, file, earlier);
    }

    /** As {@link #saveChanges}, for these hosts to open. */
    public Move saveChangesFor(List<LabHost> hosts, String guest, Path file, List<Path> earlier) {
        return save(guest, file, earlier, hosts, true, SendProfile.DEFAULT, event -> {});
    }

    /** Writes a guest to a package file, with that profile. */
    public Move save(String guest, Path file, boolean leaveRunning, SendProfile profile, Consumer<JsonObject> events) {
        List<LabHost> sealedFor = profile.sealed() ? List.of(this) : List.of();
        return save(guest, file, List.of(), sealedFor, leaveRunning, profile, events);
    }

    /** Writes a guest to a package file after ballooning, for which it has that long. */
    public Move saveBallooning(
            String guest, Path file, boolean leaveRunning, Duration atMost, Consumer<JsonObject> events) {
        JsonObject command = saving(guest, file, List.of(), List.of(), leaveRunning, SendProfile.DEFAULT);
        command.addProperty("balloonMillis", atMost.toMillis());
        return move(command, events);
    }

    /** Writes a baseline of a guest, which runs on, to a package file that only these hosts can open. */
    public Move baselineFor(List<LabHost> hosts, String guest, Path file) {
        JsonObject command = saving(guest, file, List.of(), hosts, true, SendProfile.DEFAULT);
        command.addProperty("baseline", true);
        return move(command, event -> {});
    }

    Move save(
            String guest,
            Path file,
            List<Path> earlier,
            List<LabHost> sealedFor,
            boolean leaveRunning,
            SendProfile profile,
            Consumer<JsonObject> events) {
        return move(saving(guest, file, earlier, sealedFor, leaveRunning, profile), events);
    }

    private static JsonObject saving(
            String guest,
            Path file,
            List<Path> earlier,
            List<LabHost> sealedFor,
            boolean leaveRunning,
            SendProfile profile) {
        JsonObject command = command("save");
        command.addProperty("guest", guest);
        command.addProperty("file", file.toString());
        command.add("upon", names(earlier));
        JsonArray cards = new JsonArray();
        sealedFor.forEach(host -> cards.add(host.card()));
        command.add("sealedFor", cards);
        command.addProperty("leaveRunning", leaveRunning);
        command.addProperty("profile", profile.name());
        return command;
    }

    /** Restores a guest from a package file. */
    public Restoring restore(Path file, ReceiveOptions options) {
        return restore(file, List.of(), options);
    }

    /** Restores a guest from a package file that is based on others. */
    public Restoring restore(Path file, List<Path> earlier, ReceiveOptions options) {
        LogSizes before = logSizes();
        JsonObject command = command("restore");
        command.addProperty("file", file.toString());
        command.add("upon", names(earlier));
        options.addTo(command, this);
        return new Restoring(this, move(command, options.events()), before);
    }

    /**
     * Sends a guest to an HTTP server, for that host to open.
     *
     * @param stop where it waits until it is told to go on, if anywhere
     */
    public Move saveTo(URI place, LabHost opener, String guest, @Nullable InjectionPoint stop) {
        JsonObject command = saving(guest, directory, List.of(), List.of(opener), false, SendProfile.DEFAULT);
        command.addProperty("place", place.toString());
        if (stop != null) {
            command.addProperty("stopAt", stop.name());
        }
        return move(command, event -> {});
    }

    /** Restores a guest from an HTTP server. */
    public Restoring restoreFrom(URI place, ReceiveOptions options) {
        LogSizes before = logSizes();
        JsonObject command = command("restore");
        command.addProperty("place", place.toString());
        options.addTo(command, this);
        return new Restoring(this, move(command, options.events()), before);
    }

    private static JsonArray names(List<Path> files) {
        JsonArray names = new JsonArray();
        files.forEach(file -> names.add(file.toString()));
        return names;
    }

    private Move move(JsonObject command, Consumer<JsonObject> events) {
        Stop stop = new Stop(events);
        return new Move(agent, agent.send(command, stop::hear), stop);
    }

    /** The maximum heap of its JVM, in bytes. */
    public long heapLimitBytes() {
        return call(command("heap")).get("limitBytes").getAsLong();
    }

    /** The peak memory of its JVM's process, in bytes, all kinds of memory included. */
    public long peakProcessBytes() {
        return call(command("heap")).get("peakProcessBytes").getAsLong();
    }

    private static JsonObject command(String what) {
        JsonObject command = new JsonObject();
        command.addProperty("do", what);
        return command;
    }

    private JsonObject call(JsonObject command) {
        return agent.send(command, event -> {}).await(SOON);
    }

    /** Ends the host with all of its guests, and removes all of its files. */
    @Override
    public void close() {
        List<RuntimeException> failures = new ArrayList<>();
        attempt(agent::close, failures);
        attempt(libvirt::close, failures);
        whenClosed.forEach(what -> attempt(what, failures));
        whenClosed.clear();
        if (!(libvirt instanceof Shared)) {
            attempt(() -> Trees.delete(directory), failures);
        }
        if (!failures.isEmpty()) {
            throw failures.get(0);
        }
    }

    private static void attempt(Runnable step, List<RuntimeException> failures) {
        try {
            step.run();
        } catch (RuntimeException e) {
            failures.add(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
