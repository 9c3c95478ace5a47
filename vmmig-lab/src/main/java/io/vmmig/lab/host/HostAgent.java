// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.domain.Loss;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.libvirt.LibvirtOptions;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.RecoveryReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.Peer;
import io.vmmig.transport.file.PackageFile;
import io.vmmig.transport.http.HttpAccess;
import io.vmmig.transport.http.HttpPackage;
import io.vmmig.transport.tls.TlsListener;
import io.vmmig.transport.tls.TlsTransport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A host's own JVM: reads commands as lines of JSON from stdin, and answers on stdout. It moves guests by vmmig's public API
 * only, as any program that embeds vmmig would. At the end of stdin, the host's guests and the agent end.
 */
public final class HostAgent {
    /** Set for a second program of a host: guests survive its end. */
    static final String SECOND = "vmmig.lab.second";

    /** How long a libvirt call may take, in milliseconds, if not the default. */
    public static final String CALL_MILLIS = "vmmig.lab.callMillis";

    private static final int HTTP_PART_BYTES = 1 << 20;
    private static final Duration LISTEN_TIME = Duration.ofMinutes(5);

    private final Hypervisor hypervisor;
    private final Libvirt libvirt;
    private final HostState state;
    private final HostIdentity identity;
    private final Path guests;
    private final String address;
    private final PrintStream out;
    private final Map<Long, Migration<?>> migrations = new ConcurrentHashMap<>();
    private final Map<Long, TlsListener> listeners = new ConcurrentHashMap<>();
    private final Map<Long, Barrier> barriers = new ConcurrentHashMap<>();
    /** Who waits at the permanent listener. */
    private final Map<Long, Thread> waiting = new ConcurrentHashMap<>();

    private volatile @Nullable TlsListener standing;

    private HostAgent(String uri, Path guests, Path state, Path identity, String address, PrintStream out)
            throws VmmigException {
        this.hypervisor = LibvirtHypervisor.connect(uri, options());
        this.libvirt = new Libvirt(uri);
        this.state = HostState.open(state);
        this.identity = HostIdentity.in(identity);
        this.guests = guests;
        this.address = address;
        this.out = out;
    }

    private static LibvirtOptions options() {
        Long millis = Long.getLong(CALL_MILLIS);
        return millis == null
                ? LibvirtOptions.defaults()
                : LibvirtOptions.defaults().withCallDeadline(Duration.ofMillis(millis));
    }

    /** Takes the URI of a libvirt, and the directories of guests, the host's state and the identity, and the address to listen at. */
    public static void main(String[] args) throws VmmigException, IOException {
        // Stray output to stdout must not mix with the answers.
        PrintStream out = System.out;
        System.setOut(System.err);
        HostAgent agent = new HostAgent(args[0], Path.of(args[1]), Path.of(args[2]), Path.of(args[3]), args[4], out);
        if (!Boolean.getBoolean(SECOND)) {
            Runtime.getRuntime().addShutdownHook(new Thread(agent::removeGuests));
        }
        agent.say(0, "result", agent.greeting());
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            JsonObject command = JsonParser.parseString(line).getAsJsonObject();
            Thread worker = new Thread(
                    () -> agent.obey(command), "command-" + command.get("do").getAsString());
            worker.setDaemon(true);
            worker.start();
        }
        System.exit(0);
    }

    private JsonObject greeting() throws VmmigException {
        HostCapabilities host = hypervisor.capabilities();
        JsonObject greeting = new JsonObject();
        greeting.addProperty("fingerprint", identity.fingerprint().toString());
        greeting.addProperty("card", identity.card("lab").text());
        greeting.addProperty("versions", "libvirt " + host.libvirtVersion() + ", QEMU " + host.hypervisorVersion());
        return greeting;
    }

    private void removeGuests() {
        try {
            for (Hypervisor.GuestId guest : hypervisor.guests()) {
                libvirt.remove(guest.name());
            }
        } catch (VmmigException e) {
            e.printStackTrace();
        }
    }

    private void obey(JsonObject command) {
        long id = command.get("id").getAsLong();
        try {
            say(id, "result", perform(id, command));
        } catch (VmmigException e) {
            e.printStackTrace();
            say(id, "failure", told(e));
        } catch (Throwable e) {
            e.printStackTrace();
            JsonObject error = new JsonObject();
            error.addProperty("id", id);
            error.addProperty("error", e.getCause() == null ? e.toString() : e + ": " + e.getCause());
            say(error);
        } finally {
            migrations.remove(id);
            listeners.remove(id);
            barriers.remove(id);
            waiting.remove(id);
        }
    }

    private JsonObject perform(long id, JsonObject command) throws Exception {
        return switch (text(command, "do")) {
            case "define" -> define(command);
            case "remove" -> remove(command);
            case "guests" -> guests();
            case "describe" -> describe(command);
            case "resume" -> resume(command);
            case "pausedByError" -> pausedByError(command);
            case "addImage" -> addImage(command);
            case "migrate" -> migrate(id, command);
            case "save" -> save(id, command);
            case "receive" -> receive(id, command);
            case "restore" -> restore(id, command);
            case "recover" -> recover(command);
            case "decide" -> decide(command);
            case "listen" -> listen(command);
            case "proceed" -> proceed(command);
            case "cancel" -> cancel(command);
            case "heap" -> heap();
            case "quota" -> quota(command);
            case "clock" -> clock();
            default -> throw new IllegalArgumentException("unknown command " + command);
        };
    }

    // ---- guests, as their owner would start and end them

    private JsonObject define(JsonObject command) {
        String xml = text(command, "xml");
        if (!flag(command, "persistent")) {
            libvirt.create(xml);
            return new JsonObject();
        }
        libvirt.define(xml);
        if (flag(command, "start")) {
            libvirt.start(text(command, "name"));
        }
        return new JsonObject();
    }

    private JsonObject remove(JsonObject command) {
        libvirt.remove(text(command, "name"));
        return new JsonObject();
    }

    private JsonObject guests() throws VmmigException {
        JsonArray names = new JsonArray();
        hypervisor.guests().forEach(guest -> names.add(guest.name()));
        JsonObject result = new JsonObject();
        result.add("names", names);
        return result;
    }

    private JsonObject describe(JsonObject command) throws VmmigException {
        Guest guest = hypervisor.guest(text(command, "guest"));
        JsonObject result = new JsonObject();
        result.addProperty("state", guest.state().name());
        result.addProperty("xml", guest.domainXml());
        return result;
    }

    private JsonObject pausedByError(JsonObject command) {
        JsonObject result = new JsonObject();
        result.addProperty("byError", libvirt.pausedByError(text(command, "guest")));
        return result;
    }

    private JsonObject resume(JsonObject command) throws VmmigException {
        hypervisor.guest(text(command, "guest")).resume();
        return new JsonObject();
    }

    // ---- what vmmig does

    private JsonObject addImage(JsonObject command) throws VmmigException {
        state.images()
                .add(
                        Path.of(text(command, "file")),
                        ImageFormat.of(text(command, "format")).orElseThrow());
        return new JsonObject();
    }

    private JsonObject migrate(long id, JsonObject command) throws VmmigException, InterruptedException {
        TlsTransport node = TlsTransport.to(
                        text(command, "address"), command.get("port").getAsInt())
                .as(identity)
                .trusting(Fingerprint.parse(text(command, "trusting")));
        if (command.has("idleMillis")) {
            node = node.idleTimeout(idleTime(command));
        }
        SendProfile profile = SendProfile.valueOf(text(command, "profile"));
        Peer peer = profile.sealed() ? node.sealing() : node;
        Migrator migrator =
                profile.apply(sender(id, command)).to(stopping(id, command).over(Peer.class, peer));
        return send(
                id,
                command,
                command.has("askMillis")
                        ? migrator.inquiryTimeout(
                                Duration.ofMillis(command.get("askMillis").getAsLong()))
                        : migrator);
    }

    private JsonObject save(long id, JsonObject command) throws VmmigException, InterruptedException {
        SendProfile profile = SendProfile.valueOf(text(command, "profile"));
        PackageStore store = stopping(id, command).over(PackageStore.class, store(command));
        Migrator migrator = profile.apply(sender(id, command)).to(store);
        if (command.has("baseline")) {
            return finish(id, migrator.from(text(command, "guest")).baseline(store));
        }
        if (command.has("balloonMillis")) {
            migrator = migrator.balloonTimeout(
                    Duration.ofMillis(command.get("balloonMillis").getAsLong()));
        }
        return send(id, command, flag(command, "leaveRunning") ? migrator : migrator.removingTheGuest());
    }

    private static Duration idleTime(JsonObject command) {
        return Duration.ofMillis(command.get("idleMillis").getAsLong());
    }

    /** Where the command's migration is to wait, if anywhere. */
    private Barrier barrier(long id, JsonObject command) {
        return barriers.computeIfAbsent(id, key -> {
            InjectionPoint point = command.has("stopAt")
                    ? InjectionPoint.valueOf(command.get("stopAt").getAsString())
                    : null;
            return new Barrier(point, () -> {
                JsonObject event = new JsonObject();
                event.addProperty("reached", String.valueOf(point));
                say(id, "event", event);
            });
        });
    }

    private CallInterceptor stopping(long id, JsonObject command) {
        return new CallInterceptor(barrier(id, command));
    }

    private JsonObject proceed(JsonObject command) {
        Barrier barrier = barriers.get(command.get("move").getAsLong());
        if (barrier != null) {
            barrier.open();
        }
        return new JsonObject();
    }

    private Migrator sender(long id, JsonObject command) {
        return Migrator.of(stopping(id, command).over(Hypervisor.class, hypervisor))
                .state(state)
                .copyingShared(command.has("copying") ? new String[] {text(command, "copying")} : new String[0])
                .signedBy(PackageSignatures.of(identity))
                .allowingLossOf(losses(command))
                .onEvent(teller(id, command));
    }

    private static Loss[] losses(JsonObject command) {
        return !command.has("losses")
                ? new Loss[0]
                : command.getAsJsonArray("losses").asList().stream()
                        .map(name -> Loss.valueOf(name.getAsString()))
                        .toArray(Loss[]::new);
    }

    private JsonObject send(long id, JsonObject command, Migrator migrator)
            throws VmmigException, InterruptedException {
        Migrator told = command.has("baseImages") ? migrator.withBaseImages() : migrator;
        return finish(id, told.from(text(command, "guest")).start());
    }

    private JsonObject receive(long id, JsonObject command) throws VmmigException, InterruptedException {
        TlsListener open = standing;
        if (open != null) {
            waiting.put(id, Thread.currentThread());
            sayPort(id, open);
            return receive(id, command, open);
        }
        Fingerprint source = Fingerprint.parse(text(command, "trusting"));
        try (TlsListener listener = TlsListener.on(address, 0)
                .as(identity)
                .trusting(Set.of(source))
                .onRejected(e -> sayRejected(id, e))
                .answering(Recovery.outcomesIn(state))
                .listen()) {
            listeners.put(id, listener);
            sayPort(id, listener);
            return receive(id, command, listener);
        }
    }

    private JsonObject receive(long id, JsonObject command, TlsListener listener)
            throws VmmigException, InterruptedException {
        IncomingSession session = listener.accept(LISTEN_TIME);
        waiting.remove(id);
        return finish(id, receiver(id, command).receive(stopping(id, command).over(IncomingSession.class, session)));
    }

    private void sayPort(long id, TlsListener listener) {
        JsonObject event = new JsonObject();
        event.addProperty("port", listener.port());
        say(id, "event", event);
    }

    private JsonObject restore(long id, JsonObject command) throws VmmigException, InterruptedException {
        PackageStore store = command.has("place") ? httpPackage(command) : packageFile(command);
        return finish(id, receiver(id, command).restore(store.open()));
    }

    private PackageStore store(JsonObject command) throws VmmigException {
        NodeKeys[] hosts = sealedFor(command);
        if (command.has("place")) {
            return httpPackage(command).sealedFor(hosts);
        }
        PackageFile file = packageFile(command);
        return hosts.length == 0 ? file.unsealed() : file.sealedFor(hosts);
    }

    private static NodeKeys[] sealedFor(JsonObject command) throws VmmigException {
        List<NodeKeys> hosts = new ArrayList<>();
        for (JsonElement card : command.getAsJsonArray("sealedFor")) {
            hosts.add(NodeCard.parse(card.getAsString()).keys());
        }
        return hosts.toArray(NodeKeys[]::new);
    }

    private HttpPackage httpPackage(JsonObject command) throws VmmigException {
        return HttpPackage.at(URI.create(text(command, "place")))
                .over(HttpAccess.standard().allowingPlainHttp())
                .partBytes(HTTP_PART_BYTES)
                .openedBy(identity)
                .spooledIn(guests.resolve(".spool"));
    }

    private PackageFile packageFile(JsonObject command) throws VmmigException {
        PackageFile file = PackageFile.at(Path.of(text(command, "file"))).openedBy(identity);
        for (JsonElement earlier : command.getAsJsonArray("upon")) {
            file = file.upon(Path.of(earlier.getAsString()));
        }
        return file;
    }

    private HostState stateFor(JsonObject command) throws VmmigException {
        return command.has("state") ? HostState.open(Path.of(text(command, "state"))) : state;
    }

    private Receiver receiver(long id, JsonObject command) throws VmmigException {
        return Receiver.of(stopping(id, command).over(Hypervisor.class, hypervisor))
                .into(Path.of(text(command, "guests")))
                .state(stateFor(command))
                .accepting(PackageSignatures.by(SignaturePolicy.of(identity, AcceptedSigners.anybody())))
                .as(GuestChanges.of(command.getAsJsonObject("changes")).settings())
                .onEvent(teller(id, command));
    }

    private JsonObject finish(long id, Migration<?> migration) throws VmmigException, InterruptedException {
        migrations.put(id, migration);
        MigrationReport report = migration.await();
        return JsonParser.parseString(report.toJson()).getAsJsonObject();
    }

    private MigrationListener teller(long id, JsonObject command) {
        Barrier barrier = barrier(id, command);
        return event -> {
            say(id, "event", Events.toJson(event));
            if (event instanceof MigrationEvent.PhaseStarted started
                    && barrier.isForPhase(started.phase().name())) {
                barrier.await();
            }
        };
    }

    private JsonObject recover(JsonObject command) throws VmmigException {
        return told(recovery(command).run());
    }

    private JsonObject decide(JsonObject command) throws VmmigException {
        return told(recovery(command)
                .keepOnlyAt(
                        UUID.fromString(text(command, "package")),
                        RecoveryReport.Side.valueOf(text(command, "livesAt"))));
    }

    private Recovery recovery(JsonObject command) throws VmmigException {
        TrustedNodes peers = TrustedNodes.of(trusted(command));
        return Recovery.of(hypervisor)
                .state(state)
                .asking(address -> address.startsWith("http:")
                        ? HttpPackage.at(URI.create(address))
                                .over(HttpAccess.standard().allowingPlainHttp())
                        : TlsTransport.to(address).as(identity).trusting(peers));
    }

    private static JsonObject told(RecoveryReport report) {
        JsonArray resolutions = new JsonArray();
        for (RecoveryReport.Resolution resolution : report.resolutions()) {
            JsonObject told = new JsonObject();
            told.addProperty("package", resolution.packageId().toString());
            told.addProperty("guest", resolution.guest());
            told.addProperty("side", resolution.side().name());
            told.addProperty("result", resolution.result().name());
            told.addProperty("what", resolution.what());
            resolutions.add(told);
        }
        JsonObject result = new JsonObject();
        result.add("resolutions", resolutions);
        return result;
    }

    /** Listens until the agent ends, for guests and for inquiries. */
    private JsonObject listen(JsonObject command) throws VmmigException {
        TlsListener open = TlsListener.on(address, 0)
                .as(identity)
                .trusting(trusted(command))
                .answering(Recovery.outcomesIn(state))
                .idleTimeout(idleTime(command))
                .resumingWithin(Duration.ofMillis(command.get("resumeMillis").getAsLong()))
                .listen();
        standing = open;
        JsonObject result = new JsonObject();
        result.addProperty("port", open.port());
        return result;
    }

    private static Set<Fingerprint> trusted(JsonObject command) throws VmmigException {
        Set<Fingerprint> trusted = new HashSet<>();
        for (String one : text(command, "trusting").split(" ", -1)) {
            trusted.add(Fingerprint.parse(one));
        }
        return trusted;
    }

    private JsonObject cancel(JsonObject command) {
        long move = command.get("move").getAsLong();
        Migration<?> migration = migrations.get(move);
        TlsListener listener = listeners.get(move);
        JsonObject result = new JsonObject();
        if (migration != null) {
            result.addProperty("accepted", migration.cancel());
        } else {
            Thread thread = waiting.remove(move);
            result.addProperty("accepted", listener != null || thread != null);
            if (listener != null) {
                listener.close();
            }
            if (thread != null) {
                thread.interrupt();
            }
        }
        return result;
    }

    // ---- small things

    private JsonObject quota(JsonObject command) throws VmmigException {
        state.images().references().packages().quota(command.get("bytes").getAsLong());
        return new JsonObject();
    }

    private static JsonObject clock() {
        JsonObject result = new JsonObject();
        result.addProperty("now", Instant.now().toString());
        return result;
    }

    private static JsonObject heap() throws IOException {
        JsonObject result = new JsonObject();
        result.addProperty("limitBytes", Runtime.getRuntime().maxMemory());
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                result.addProperty("peakProcessBytes", Long.parseLong(line.replaceAll("\\D", "")) << 10);
            }
        }
        return result;
    }

    private static String text(JsonObject command, String key) {
        return command.get(key).getAsString();
    }

    private static boolean flag(JsonObject command, String key) {
        return command.get(key).getAsBoolean();
    }

    private static JsonObject told(VmmigException e) {
        JsonObject told = new JsonObject();
        told.addProperty("type", e.getClass().getSimpleName());
        told.addProperty("message", e.getMessage());
        told.addProperty("problem", e.problem().name());
        told.addProperty("source", e.failure().source().name());
        told.addProperty("destination", e.failure().destination().name());
        return told;
    }

    private void sayRejected(long id, VmmigException e) {
        JsonObject event = new JsonObject();
        event.add("rejected", told(e));
        say(id, "event", event);
    }

    private void say(long id, String what, JsonObject value) {
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.add(what, value);
        say(message);
    }

    private void say(JsonObject message) {
        synchronized (out) {
            out.println(message);
            out.flush();
        }
    }
}
