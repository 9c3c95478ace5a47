// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One migration that waits at an injection point, and what people do to its guest meanwhile. */
final class InterferenceRun {
    private static final Duration TIME_TO_STOP = Duration.ofSeconds(40);
    private static final Duration TIME_TO_RECORD = Duration.ofSeconds(60);
    private static final int EXTRA_BYTES = 1 << 20;

    private final Triangle triangle;
    private final Cast cast;
    private final Cell cell;
    private final LabHost to;
    private final Receiving receiving;
    private final Move sending;
    private final Map<Path, byte[]> filesOfOthers = new LinkedHashMap<>();
    private @Nullable Rival rival;
    private @Nullable UUID definedMeanwhile;

    /** Starts to move the guest; returns when the migration waits at the cell's point. */
    InterferenceRun(Triangle triangle, Cast cast, Cell cell) {
        this.triangle = triangle;
        this.cast = cast;
        this.cell = cell;
        to = triangle.after(from());
        boolean atSource = cell.point().atSource();
        receiving = to.receive(
                from().fingerprint(),
                atSource ? ReceiveOptions.defaults() : ReceiveOptions.defaults().stoppingAt(cell.point()));
        sending = from().migrate(guest().name(), to, triangle.port(to), Triangle.IDLE, Triangle.ASKING, cell.point());
        stopping().awaitStop(TIME_TO_STOP);
    }

    private Move stopping() {
        return cell.point().atSource() ? sending : receiving.move();
    }

    Cell cell() {
        return cell;
    }

    LabGuest guest() {
        return cast.guest();
    }

    UUID uuid() {
        return cast.uuid();
    }

    LabHost from() {
        return guest().host();
    }

    LabHost to() {
        return to;
    }

    /** Neither of the two. */
    LabHost third() {
        return triangle.after(to);
    }

    Move sending() {
        return sending;
    }

    Receiving receiving() {
        return receiving;
    }

    Optional<Rival> rival() {
        return Optional.ofNullable(rival);
    }

    Optional<UUID> definedMeanwhile() {
        return Optional.ofNullable(definedMeanwhile);
    }

    /** Lets the migration continue. */
    void proceed() {
        stopping().proceed();
    }

    // ---- what people do

    /** Runs a command of virsh on the guest. */
    String virsh(LabHost host, String command, String... more) {
        List<String> words = new ArrayList<>(List.of(command, uuid().toString()));
        words.addAll(Arrays.asList(more));
        return Virsh.at(host, words.toArray(String[]::new));
    }

    /** Sends a command to the guest's QEMU, behind libvirt's back. */
    String qmp(LabHost host, String command) {
        String answer = virsh(host, "qemu-monitor-command", "{\"execute\":\"" + command + "\"}");
        if (answer.contains("\"error\"")) {
            throw new LabException(answer);
        }
        return answer;
    }

    /** Resumes the guest for long enough to write to its disk. */
    String resume(LabHost host) {
        return run(() -> virsh(host, "resume"));
    }

    /** The same, behind libvirt's back. */
    String cont(LabHost host) {
        return run(() -> qmp(host, "cont"));
    }

    private String run(Supplier<String> command) {
        long before = guest().console().log().lastRecord();
        String answer = command.get();
        Await.until(
                "the guest to write a record",
                TIME_TO_RECORD,
                () -> guest().console().log().lastRecord() > before);
        return answer;
    }

    /** The same, and then it is stopped again. */
    String contAndStop(LabHost host) {
        cont(host);
        return qmp(host, "stop");
    }

    /** Makes the guest return memory, which it does while it runs. */
    String setMemory(LabHost host, String kib) {
        String answer = virsh(host, "setmem", kib, "--live");
        if (cell.beforeSave()) {
            Await.until("the guest to return memory", TIME_TO_RECORD, () -> virsh(host, "dommemstat")
                    .contains("actual " + kib));
        }
        return answer;
    }

    String killQemu(LabHost host) {
        if (!host.trouble().killQemu(guest().name())) {
            throw new LabException("there is no QEMU");
        }
        return "";
    }

    String restartLibvirtd(LabHost host) {
        host.trouble().restartLibvirtd();
        return "";
    }

    /** A file of someone else, with known content. */
    Path file(LabHost host, String name) {
        return file(host.directory().resolve("others").resolve(name), name.repeat(EXTRA_BYTES / name.length()));
    }

    private Path file(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            Files.write(file, bytes);
            filesOfOthers.put(file, bytes);
            return file;
        } catch (IOException e) {
            throw new LabException("could not write " + file, e);
        }
    }

    /** A file of someone else and its content. */
    void watch(Path file) {
        try {
            filesOfOthers.put(file, Files.readAllBytes(file));
        } catch (IOException e) {
            throw new LabException("could not read " + file, e);
        }
    }

    /** What belongs to others and has changed or vanished. */
    List<String> lossesOfOthers() {
        List<String> lost = new ArrayList<>();
        filesOfOthers.forEach((file, bytes) -> {
            try {
                if (!Arrays.equals(Files.readAllBytes(file), bytes)) {
                    lost.add(file + " of somebody else has been changed");
                }
            } catch (IOException e) {
                lost.add(file + " of somebody else is gone");
            }
        });
        return lost;
    }

    Map<Path, byte[]> filesOfOthers() {
        return filesOfOthers;
    }

    /** Redefines the guest, with a description. */
    String define() {
        String xml = virsh(from(), "dumpxml", "--inactive", "--security-info");
        Path file = from().directory().resolve("tmp").resolve("defined.xml");
        try {
            Files.writeString(
                    file, xml.replaceFirst("<memory ", "<description>" + Action.MARK + "</description><memory "));
            return Virsh.at(from(), "define", file.toString());
        } catch (IOException e) {
            throw new LabException("could not write " + file, e);
        } finally {
            Trees.delete(file);
        }
    }

    /** Defines another guest of the same name at the destination. */
    String defineNamesake() {
        UUID other = UUID.randomUUID();
        Path disk = file(to, "namesake");
        Path xml = to.directory().resolve("namesake.xml");
        try {
            Files.writeString(
                    xml,
                    """
                    <domain type='qemu'><name>%s</name><uuid>%s</uuid><memory unit='MiB'>64</memory>
                    <os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'>
                    <driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/></disk></devices></domain>
                    """
                            .formatted(guest().name(), other, disk));
            String answer = Virsh.at(to, "define", xml.toString());
            definedMeanwhile = other;
            return answer;
        } catch (IOException e) {
            throw new LabException("could not write " + xml, e);
        } finally {
            Trees.delete(xml);
        }
    }

    /** Creates files where the guest's files are to go. */
    String makeFiles() {
        Path directory = to.guestsDirectory().resolve(guest().name());
        file(directory.resolve("notes.txt"), "nobody else's");
        Path disk = directory.resolve("vda.0.qcow2");
        if (!Files.exists(disk)) {
            file(disk, "no disk");
        }
        return "";
    }

    /** Moves the same guest by another program at the source. */
    String moveAgain(LabHost destination) {
        return move(triangle.secondProgramOf(from()), guest().name(), uuid(), destination);
    }

    /** Moves another guest of the same name to the destination. */
    String moveNamesake() {
        LabGuest namesake = cast.namesake();
        if (namesake == null) {
            throw new IllegalStateException("there is no namesake");
        }
        UUID other = UUID.fromString(Virsh.at(namesake.host(), "domuuid", namesake.name()));
        return move(namesake.host(), namesake.name(), other, to);
    }

    private String move(LabHost program, String name, UUID moved, LabHost destination) {
        Receiving second = destination.receive(program.fingerprint(), ReceiveOptions.defaults());
        Move move =
                program.migrate(name, destination, triangle.port(destination), Triangle.IDLE, Triangle.ASKING, null);
        Rival begun = new Rival(moved, program, second, move);
        rival = begun;
        return begun.await();
    }
}
