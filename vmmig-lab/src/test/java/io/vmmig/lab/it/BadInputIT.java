// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.lab.Await;
import io.vmmig.lab.Command;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.GuestChanges;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.SendProfile;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What can be wrong when a guest is to move. One and the same guest suffers all of it, and after each it goes on at the source
 * as if nothing had been, and the destination holds nothing.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputIT {
    private static final String NAME = "victim";
    private static final UUID UUID_OF_GUEST = UUID.randomUUID();

    private LabHost a;
    private LabHost b;
    private LabGuest guest;
    private Path packageFile;

    @BeforeAll
    void startGuest() {
        a = Hosts.a();
        b = Hosts.b();
        guest = a.start(Hosts.tiny(a, NAME).uuid(UUID_OF_GUEST)).ready();
        packageFile = Hosts.lab().directory().resolve("victim.vmmig");
        a.save(NAME, packageFile, true, event -> {}).await();
    }

    @AfterAll
    void clear() {
        Hosts.clear();
        Trees.delete(packageFile);
    }

    @AfterEach
    void theGuestContinuesAndTheDestinationHoldsNothing() {
        guest.ticking();
        assertThat(guest.console().log().ticksLost()).isZero();
        assertThat(guest.console().log().ticksRepeated()).isZero();
        Moves.assertEmpty(b);
    }

    private static MoveFailed failureOf(Move move) {
        MoveFailed failed = catchThrowableOfType(MoveFailed.class, move::await);
        assertThat(failed).as("a failure").isNotNull();
        assertThat(failed.getMessage()).doesNotContain("\n").contains("[" + failed.problem());
        return failed;
    }

    private static void assertFailed(MoveFailed failed, Problem problem, EndState source) {
        assertThat(failed.problem()).as(failed.getMessage()).isEqualTo(problem);
        assertThat(failed.source()).as(failed.getMessage()).isEqualTo(source);
        assertThat(failed.destination())
                .as(failed.getMessage())
                .isIn(EndState.UNTOUCHED, EndState.HOLDS_NOTHING, EndState.NOT_HANDED_OVER);
    }

    /** Both ends agree on what went wrong, and the guest was not even stopped. */
    private void assertRefused(ReceiveOptions options, Problem problem) {
        Receiving receiving = b.receive(a.fingerprint(), options);
        MoveFailed atSource = failureOf(a.migrate(NAME, receiving));
        MoveFailed atDestination = failureOf(receiving.move());

        assertFailed(atSource, problem, EndState.UNTOUCHED);
        assertThat(atDestination.problem()).isEqualTo(problem);
        assertThat(atDestination.destination()).isIn(EndState.UNTOUCHED, EndState.HOLDS_NOTHING);
    }

    private MoveFailed failureTo(int port, String fingerprint) {
        return failureOf(a.migrate(NAME, port, fingerprint, event -> {}));
    }

    /** A guest that cannot move wherever to; the destination hears nothing of it. */
    private MoveFailed failureOfMoving(String name) {
        return failureOfMoving(name, SendProfile.DEFAULT);
    }

    private MoveFailed failureOfMoving(String name, SendProfile profile) {
        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        MoveFailed failed = failureOf(a.migrate(name, receiving, profile));
        receiving.move().cancel();
        failureOf(receiving.move());
        return failed;
    }

    @Test
    void unknownGuest() {
        assertFailed(failureOfMoving("nobody"), Problem.GUEST_UNKNOWN, EndState.UNTOUCHED);
    }

    /** Before version 9, QEMU's pre-copy loses changes of an emulated guest. */
    @Test
    void liveWithThisQemu() {
        assertThat(a.versions()).contains("QEMU 7.");

        assertFailed(failureOfMoving(NAME, SendProfile.LIVE), Problem.REQUEST_INVALID, EndState.UNTOUCHED);
    }

    @Test
    void stoppedGuest() {
        a.define(Hosts.tiny(a, "asleep"));

        assertFailed(failureOfMoving("asleep"), Problem.GUEST_NOT_RUNNING, EndState.STOPPED);

        a.remove("asleep");
    }

    @Test
    void guestAlreadyMigrating() throws Exception {
        try (StrangePeer silent = StrangePeer.silent(strangeIdentity(), fingerprintOf(a))) {
            Move first = a.migrate(NAME, silent.port(), silent.fingerprint(), event -> {});
            silent.awaitVisit();

            assertFailed(failureOfMoving(NAME), Problem.GUEST_BUSY, EndState.UNTOUCHED);

            silent.close();
            assertThat(failureOf(first).source()).isEqualTo(EndState.UNTOUCHED);
        }
    }

    @Test
    void deviceThatCannotMove() {
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        a.start(LabDomain.of(image, "slirp").device("<interface type='user'><model type='virtio'/></interface>"));

        assertFailed(failureOfMoving("slirp"), Problem.DEVICE_CANNOT_MOVE, EndState.UNTOUCHED);

        a.remove("slirp");
    }

    /** Libvirt notices it when it starts QEMU, which it does while the guest runs, also with a kernel that travels. */
    @Test
    void bridgeThatTheDestinationLacks() {
        String bridge = "vmmigbad0";
        Duration soon = Duration.ofSeconds(10);
        Command.of("ip", "link", "add", bridge, "type", "bridge").run(soon);
        try {
            LabGuest bridged = a.start(LabDomain.of(GuestKind.TINY_X86_64.image(), "bridged")
                            .bridge(bridge))
                    .ready();
            ReceiveOptions options =
                    ReceiveOptions.defaults().changed(GuestChanges.none().bridge(bridge, "vmmigbad9"));
            Receiving receiving = b.receive(a.fingerprint(), options);
            MoveFailed failed = failureOf(a.migrate("bridged", receiving));
            failureOf(receiving.move());

            assertFailed(failed, Problem.RESOURCE_MISSING, EndState.UNTOUCHED);
            assertThat(failed.getMessage())
                    .contains("no bridge vmmigbad9")
                    .contains("/domain/devices/interface[1]/source/@bridge")
                    .contains("ip link add vmmigbad9");
            bridged.ticking();
            assertThat(bridged.console().log().ticksLost()).isZero();
        } finally {
            a.remove("bridged");
            Command.of("ip", "link", "del", bridge).run(soon);
        }
    }

    /** A host device cannot be had on every machine; what a unit test says of that one holds here for its like. */
    @Test
    void sharedFileSystem() {
        a.start(LabDomain.of(GuestKind.TINY_X86_64.image(), "shared")
                .device("<filesystem type='mount'><source dir='" + a.directory()
                        + "'/><target dir='host'/></filesystem>"));

        assertFailed(failureOfMoving("shared"), Problem.DEVICE_CANNOT_MOVE, EndState.UNTOUCHED);

        a.remove("shared");
    }

    @Test
    void nobodyListening() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        assertFailed(failureTo(port, b.fingerprint()), Problem.PEER_UNREACHABLE, EndState.UNTOUCHED);
    }

    @Test
    void wrongFingerprintAtTheSource() throws Exception {
        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());

        MoveFailed failed =
                failureTo(receiving.port(), strangeIdentity().fingerprint().toString());

        assertFailed(failed, Problem.PEER_UNTRUSTED, EndState.UNTOUCHED);
        receiving.move().cancel();
        failureOf(receiving.move());
    }

    @Test
    void wrongFingerprintAtTheDestination() throws Exception {
        Receiving receiving = b.receive(strangeIdentity().fingerprint().toString(), ReceiveOptions.defaults());

        MoveFailed failed = failureTo(receiving.port(), b.fingerprint());

        assertFailed(failed, Problem.PEER_UNTRUSTED, EndState.UNTOUCHED);
        receiving.move().cancel();
        failureOf(receiving.move());
    }

    @Test
    void destinationOfAnotherProtocolVersion() throws Exception {
        try (StrangePeer future = StrangePeer.ofTheFuture(strangeIdentity(), fingerprintOf(a))) {
            MoveFailed failed = failureTo(future.port(), future.fingerprint());

            assertFailed(failed, Problem.PROTOCOL_MISMATCH, EndState.UNTOUCHED);
        }
    }

    @Test
    void sourceOfAnotherProtocolVersion() throws Exception {
        HostIdentity strange = strangeIdentity();
        Queue<JsonObject> events = new ConcurrentLinkedQueue<>();
        Receiving receiving = b.receive(
                strange.fingerprint().toString(), ReceiveOptions.defaults().telling(events::add));

        StrangePeer.visit(receiving.port(), strange, fingerprintOf(b));

        JsonObject rejected = Await.answer("b to turn the peer away", Duration.ofSeconds(30), () -> events.stream()
                .filter(event -> event.has("rejected"))
                .findFirst());
        assertThat(rejected.getAsJsonObject("rejected").get("problem").getAsString())
                .isEqualTo("PROTOCOL_MISMATCH");
        receiving.move().cancel();
        failureOf(receiving.move());
    }

    @Test
    void baseImageMissing() {
        Path empty = Hosts.lab().directory().resolve("no-state");

        assertRefused(ReceiveOptions.defaults().state(empty), Problem.BASE_IMAGE_MISSING);
    }

    @Test
    void nameInUse() {
        b.define(LabDomain.of(GuestKind.TINY_X86_64.image(), NAME));

        refuseAndClear(Problem.NAME_IN_USE);
    }

    @Test
    void uuidInUse() {
        b.define(LabDomain.of(GuestKind.TINY_X86_64.image(), "other").uuid(UUID_OF_GUEST));

        refuseAndClear(Problem.UUID_IN_USE);
    }

    private void refuseAndClear(Problem problem) {
        try {
            assertRefused(ReceiveOptions.defaults(), problem);
        } finally {
            b.clear();
        }
    }

    @Test
    void diskInUse() throws IOException {
        Path inUse = b.directory().resolve("in-use.qcow2");
        Files.writeString(inUse, "someone's disk");

        assertRefused(ReceiveOptions.defaults().changed(GuestChanges.none().disk("vda", inUse)), Problem.DISK_IN_USE);

        assertThat(inUse).hasContent("someone's disk");
        Files.delete(inUse);
    }

    @Test
    void diskFullAtTheSource() throws IOException {
        assertNotSaved(new SmallDisk(1), EndState.UNTOUCHED);
    }

    @Test
    void diskFullAtTheSourceMidway() throws IOException {
        assertNotSaved(new SmallDisk(17), EndState.RUNS);
    }

    private void assertNotSaved(SmallDisk disk, EndState source) throws IOException {
        try (disk) {
            MoveFailed failed = failureOf(a.save(NAME, disk.path().resolve("full.vmmig"), false, event -> {}));

            assertFailed(failed, Problem.DISK_FULL, source);
            assertThat(Trees.list(disk.path())).isEmpty();
        }
    }

    @Test
    void diskFullAtTheDestination() throws IOException {
        try (SmallDisk small = new SmallDisk(1)) {
            fillUp(small.path());

            assertRefused(ReceiveOptions.defaults().into(small.path()), Problem.DISK_FULL);

            assertThat(Trees.list(small.path())).hasSize(1);
        }
    }

    private static void fillUp(Path directory) throws IOException {
        try (OutputStream out = Files.newOutputStream(directory.resolve("filler"))) {
            byte[] zeros = new byte[1 << 16];
            while (true) {
                out.write(zeros);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    /** What fills it is the kernel, which comes while the guest runs. */
    @Test
    void diskFullAtTheDestinationBeforeTheGuestStops() throws Exception {
        Path state = Hosts.lab().directory().resolve("base-only");
        HostState.open(state).images().add(GuestKind.TINY_X86_64.image().qcow2(), ImageFormat.QCOW2);
        try (SmallDisk small = new SmallDisk(8)) {
            Receiving receiving = b.receive(
                    a.fingerprint(),
                    ReceiveOptions.defaults().into(small.path()).state(state));
            MoveFailed atSource = failureOf(a.migrate(NAME, receiving));
            failureOf(receiving.move());

            assertFailed(atSource, Problem.DISK_FULL, EndState.UNTOUCHED);
            assertThat(Trees.list(small.path())).isEmpty();
        }
    }

    @Test
    void truncatedPackage() throws IOException {
        long size = Files.size(packageFile);
        for (long length : List.of(100L, size / 2, size - 20_000, size - 1)) {
            Path truncated = copyOfPackage();
            try (FileChannel channel = FileChannel.open(truncated, StandardOpenOption.WRITE)) {
                channel.truncate(length);
            }

            assertNotRestored(truncated, Problem.PACKAGE_TRUNCATED);
        }
    }

    @Test
    void packageOfANewerFormat() throws IOException {
        Path newer = copyOfPackage();
        try (RandomAccessFile file = new RandomAccessFile(newer.toFile(), "rw")) {
            byte[] head = new byte[4096];
            file.readFully(head);
            String version = "\"vmmig\": " + Manifest.FORMAT_VERSION;
            int at = new String(head, StandardCharsets.ISO_8859_1).indexOf(version);
            assertThat(at).as("where the manifest says its version").isPositive();
            file.seek(at + version.length() - 1);
            file.writeByte('9');
        }

        assertNotRestored(newer, Problem.PACKAGE_TOO_NEW);
    }

    private Path copyOfPackage() throws IOException {
        return Files.copy(
                packageFile, Hosts.lab().directory().resolve("broken.vmmig"), StandardCopyOption.REPLACE_EXISTING);
    }

    private void assertNotRestored(Path file, Problem problem) throws IOException {
        MoveFailed failed = failureOf(b.restore(file, ReceiveOptions.defaults()).move());

        assertFailed(failed, problem, EndState.HOLDS_PACKAGE);
        Moves.assertEmpty(b);
        Files.delete(file);
    }

    private static Fingerprint fingerprintOf(LabHost host) {
        return new Fingerprint(host.fingerprint().replace("-", ""));
    }

    private static HostIdentity strangeIdentity() throws VmmigException {
        return HostIdentity.in(Hosts.lab().directory().resolve("strange-id"));
    }
}
