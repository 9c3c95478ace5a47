// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.Domain;
import io.vmmig.libvirt.binding.LibvirtError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** A guest of the lab, which counts, remembers and answers. */
final class LabGuest implements AutoCloseable {
    private static final Duration BOOT = Duration.ofMinutes(2);
    private static final List<String> COMPLAINTS =
            List.of("BUG", "Oops", "panic", "WARNING", "corrupt", "Call Trace", "fault", "EXT4-fs error", "failed");

    private Connection connection;
    private final Path files;
    final String name;
    final UUID uuid = UUID.randomUUID();

    private LabGuest(Connection connection, Path files, String name) {
        this.connection = connection;
        this.files = files;
        this.name = name;
    }

    /** What there is in the lab. */
    enum Kind {
        TINY_X86_64("tiny-x86_64", "disk.qcow2", "x86_64' machine='pc-q35-7.2", "ttyS0", ""),
        TINY_AARCH64(
                "tiny-aarch64",
                "disk.qcow2",
                "aarch64' machine='virt-7.2",
                "ttyAMA0",
                """
                <features><gic version='2'/></features>
                <cpu mode='custom' match='exact'><model>cortex-a57</model></cpu>
                """),
        DEBIAN("debian", "base.qcow2", "x86_64' machine='pc-q35-7.2", "ttyS0 root=/dev/vda", "");

        private final String image;
        private final String disk;
        private final String type;
        private final String console;
        private final String more;

        Kind(String image, String disk, String type, String console, String more) {
            this.image = image;
            this.disk = disk;
            this.type = type;
            this.console = console;
            this.more = more;
        }
    }

    /** Boots a tiny one and waits until it is ready. {@code fillMib} of its memory hold something. */
    static LabGuest boot(Connection connection, String name, int memoryMib, int fillMib, boolean persistent)
            throws Exception {
        return boot(connection, name, Kind.TINY_X86_64, memoryMib, fillMib, persistent);
    }

    /** Boots one of a kind. */
    static LabGuest boot(Connection connection, String name, Kind kind, int memoryMib, int fillMib, boolean persistent)
            throws Exception {
        LabGuest guest = new LabGuest(connection, Files.createTempDirectory(Path.of("/tmp"), "vmmig-guest"), name);
        String image = Lab.run("guest", kind.image);
        Path disk = guest.files.resolve("disk.qcow2");
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image + "/" + kind.disk, disk.toString());
        String rawDisk = "";
        if (kind != Kind.DEBIAN) {
            Path raw = guest.files.resolve("disk.raw");
            run("cp", "--sparse=always", "--no-preserve=mode", image + "/disk.raw", raw.toString());
            rawDisk =
                    """
                    <disk type='file' device='disk'>
                      <driver name='qemu' type='raw'/>
                      <source file='%s'/>
                      <target dev='vdb' bus='virtio'/>
                    </disk>
                    """
                            .formatted(raw);
        }
        String xml =
                """
                <domain type='qemu'>
                  <name>%s</name>
                  <uuid>%s</uuid>
                  <memory unit='MiB'>%d</memory>
                  <vcpu>1</vcpu>
                  <os>
                    <type arch='%s'>hvm</type>
                    <kernel>%s/kernel</kernel>
                    <initrd>%s/initrd</initrd>
                    <cmdline>console=%s quiet panic=-1 cryptomgr.notests vmmig.memory=%d</cmdline>
                  </os>
                  %s
                  <devices>
                    <disk type='file' device='disk'>
                      <driver name='qemu' type='qcow2'/>
                      <source file='%s'/>
                      <target dev='vda' bus='virtio'/>
                    </disk>
                    %s
                    <serial type='file'><source path='%s' append='on'/></serial>
                    <channel type='unix'>
                      <source mode='bind' path='%s'/>
                      <target type='virtio' name='io.vmmig.lab.0'/>
                    </channel>
                    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
                    <memballoon model='virtio'/>
                  </devices>
                </domain>
                """
                        .formatted(
                                name,
                                guest.uuid,
                                memoryMib,
                                kind.type,
                                image,
                                image,
                                kind.console,
                                fillMib,
                                kind.more,
                                disk,
                                rawDisk,
                                guest.console(),
                                guest.files.resolve("channel"));
        if (persistent) {
            try (Domain domain = connection.define(xml)) {
                domain.start();
            }
        } else {
            connection.create(xml).close();
        }
        Await.until("the guest is ready", BOOT, () -> guest.consoleText().contains("\nvmmig-guest ready"));
        return guest;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IllegalStateException(command[0] + " failed");
        }
    }

    /** Finds the guest through another connection from now on. */
    void use(Connection other) {
        connection = other;
    }

    private Path console() {
        return files.resolve("console");
    }

    private String consoleText() throws IOException {
        return Files.exists(console()) ? "\n" + Files.readString(console(), StandardCharsets.ISO_8859_1) : "";
    }

    /** What its kernel says on its console of itself being broken. */
    List<String> complaints() throws IOException {
        return consoleText()
                .lines()
                .filter(line -> COMPLAINTS.stream().anyMatch(line::contains))
                .toList();
    }

    /** What the guest answers to a question, such as the checksum of its memory. */
    String ask(String question) throws Exception {
        return Lab.run("ask", files.resolve("channel").toString(), question);
    }

    /** Sends a signal to its QEMU. */
    void signal(String signal) throws Exception {
        long[] processes = ProcessHandle.allProcesses()
                .filter(p -> p.info().arguments().stream()
                        .flatMap(java.util.Arrays::stream)
                        .anyMatch(uuid.toString()::equals))
                .mapToLong(ProcessHandle::pid)
                .toArray();
        if (processes.length != 1) {
            throw new AssertionError(processes.length + " QEMUs of " + name);
        }
        // The shell's own, since a minimal Debian has no other.
        int exit = new ProcessBuilder("sh", "-c", "kill -" + signal + ' ' + processes[0])
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new AssertionError("kill failed");
        }
    }

    /** How far it has counted, as it shows on its console; fails when a number is missing or comes twice. */
    int ticks() throws IOException {
        int expected = 0;
        for (String line : consoleText().split("\n", -1)) {
            String[] words = line.split(" ", -1);
            if (words.length == 3 && words[0].equals("tick")) {
                expected++;
                if (Integer.parseInt(words[1]) != expected) {
                    throw new AssertionError("tick " + expected + " is " + line);
                }
            }
        }
        return expected;
    }

    private long recorded() throws IOException {
        return consoleText()
                .lines()
                .filter(line -> line.startsWith("recorded "))
                .count();
    }

    /** Waits until it has written to its disks. */
    void awaitRecording() throws Exception {
        long now = recorded();
        Await.until(name + " writes", Duration.ofSeconds(30), () -> recorded() > now + 1);
    }

    /** Waits until it has counted on. */
    void awaitTicking() throws Exception {
        int now = ticks();
        Await.until(name + " counts on", Duration.ofSeconds(30), () -> ticks() > now + 3);
    }

    @Override
    public void close() throws LibvirtError, IOException {
        try (Domain domain = connection.domain(uuid)) {
            if (domain.persistent()) {
                domain.undefine();
            }
            domain.destroy();
        } catch (LibvirtError e) {
            if (e.code() != LibvirtError.NO_DOMAIN) {
                throw e;
            }
        }
        Lab.delete(files);
    }
}
