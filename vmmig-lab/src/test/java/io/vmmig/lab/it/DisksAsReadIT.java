// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.Command;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A guest reads the same from its disks before and after, whatever their images say of themselves; or it is not even stopped. */
class DisksAsReadIT {
    private static final int BYTES = 1 << 20;
    private static final long LARGE = 20L << 30;

    private final LabHost a = Hosts.a();
    private final LabHost b = Hosts.b();

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static void img(String... words) {
        String[] command = new String[words.length + 1];
        command[0] = "qemu-img";
        System.arraycopy(words, 0, command, 1, words.length);
        Command.of(command).run(Duration.ofSeconds(30));
    }

    private Path content(String guest, char letter) throws IOException {
        Path home = Files.createDirectories(a.homeOf(guest));
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) letter);
        return Files.write(home.resolve(letter + ".raw"), bytes);
    }

    private Path base(String guest, char letter) throws IOException {
        Path raw = content(guest, letter);
        Path base = raw.resolveSibling(letter + ".qcow2");
        img("convert", "-f", "raw", "-O", "qcow2", raw.toString(), base.toString());
        for (LabHost host : List.of(a, b)) {
            host.addImage(base, "qcow2");
            host.addImage(raw, "raw");
        }
        return base;
    }

    private static String disk(String target, Path file, String format, String inside) {
        return "<disk type='file' device='disk'><driver name='qemu' type='" + format + "'/><source file='" + file
                + "'/>" + inside + "<target dev='" + target + "' bus='virtio'/></disk>";
    }

    private static String below(Path file, String format, String further) {
        return "<backingStore type='file'><format type='" + format + "'/><source file='" + file + "'/>" + further
                + "</backingStore>";
    }

    private static String read(LabGuest guest, String target) {
        return guest.run("echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/" + target
                + " bs=64k skip=8 count=1 2>/dev/null | tr '\\0' 0 | cut -c 1-4");
    }

    private LabGuest moved(String guest) {
        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        a.migrate(guest, receiving).await();
        receiving.move().await();
        return receiving.guest(guest).ticking();
    }

    @Test
    void whatItReadsIsWhatLibvirtHasOpened() throws Exception {
        String name = "chains";
        Path baseA = base(name, 'A');
        Path baseB = base(name, 'B');
        Path home = a.homeOf(name);
        Path link = Files.createSymbolicLink(home.resolve("link.qcow2"), Path.of("A.qcow2"));
        Map<String, String> expected = new LinkedHashMap<>();
        LabDomain domain = Hosts.tiny(a, name);

        LabDisk normal = LabDisk.overlay(home.resolve("vdb"), baseA, "qcow2");
        domain = domain.device(disk("vdb", normal.file(), "qcow2", ""));
        expected.put("vdb", "AAAA");

        LabDisk renamed = LabDisk.overlay(home.resolve("vdc"), baseA, "qcow2");
        domain = domain.device(disk("vdc", renamed.file(), "qcow2", below(baseB, "qcow2", "<backingStore/>")));
        expected.put("vdc", "BBBB");

        LabDisk ended = LabDisk.overlay(home.resolve("vdd"), baseA, "qcow2");
        domain = domain.device(disk("vdd", ended.file(), "qcow2", "<backingStore/>"));
        expected.put("vdd", "0000");

        LabDisk middle = LabDisk.overlay(home.resolve("middle"), baseA, "qcow2");
        LabDisk cut = middle.overlaid(home.resolve("vde"));
        domain = domain.device(disk("vde", cut.file(), "qcow2", below(middle.file(), "qcow2", "<backingStore/>")));
        expected.put("vde", "0000");

        Path alone = home.resolve("vdf");
        img("create", "-q", "-f", "qcow2", alone.toString(), "1M");
        domain = domain.device(disk("vdf", alone, "qcow2", below(home.resolve("B.raw"), "raw", "<backingStore/>")));
        expected.put("vdf", "BBBB");

        Path json = home.resolve("vdg");
        String named = "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"" + home.resolve("A.raw")
                + "\"}}";
        img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", named, json.toString());
        domain = domain.device(disk("vdg", json, "qcow2", ""));
        expected.put("vdg", "AAAA");

        LabDisk linked = LabDisk.overlay(home.resolve("vdh"), link, "qcow2");
        domain = domain.device(disk("vdh", linked.file(), "qcow2", ""));
        expected.put("vdh", "AAAA");

        // What the guest sees of its image as raw bytes is no content of that image.
        domain = domain.device(disk("vdi", Files.copy(baseB, home.resolve("vdi")), "raw", ""));
        LabGuest guest = a.start(domain).ready();
        Map<String, String> before = new LinkedHashMap<>();
        expected.keySet().forEach(target -> before.put(target, read(guest, target)));
        assertThat(before).isEqualTo(expected);
        String header = guest.run("head -c 3 /dev/vdi");

        LabGuest arrived = moved(name);

        Map<String, String> after = new LinkedHashMap<>();
        expected.keySet().forEach(target -> after.put(target, read(arrived, target)));
        assertThat(after).isEqualTo(expected);
        assertThat(arrived.run("head -c 3 /dev/vdi")).isEqualTo(header).isEqualTo("QFI");
    }

    /** To a place that has room for what the disks hold, and for nothing else. */
    @Test
    void holesAreNotReadNorWrittenAndNeedNoSpace() throws Exception {
        String name = "sparse";
        Path home = Files.createDirectories(a.homeOf(name));
        Path raw = home.resolve("vdb.raw");
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(LARGE);
            file.seek(LARGE - 3 * BYTES);
            file.write("here".getBytes(StandardCharsets.US_ASCII));
        }
        Path preallocated = home.resolve("vdc.qcow2");
        img("create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", preallocated.toString(), "20G");
        LabGuest guest = a.start(Hosts.tiny(a, name)
                        .device(disk("vdb", raw, "raw", ""))
                        .device(disk("vdc", preallocated, "qcow2", "")))
                .ready();
        String where = " bs=1M skip=" + (LARGE / BYTES - 3) + " count=1 2>/dev/null | head -c 4";
        assertThat(guest.run("dd if=/dev/vdb" + where)).isEqualTo("here");
        guest.run("printf there | dd of=/dev/vdc bs=1M seek=10000 conv=notrunc 2>/dev/null; sync");

        try (SmallDisk small = new SmallDisk(96)) {
            Receiving receiving =
                    b.receive(a.fingerprint(), ReceiveOptions.defaults().into(small.path()));
            JsonObject sent = a.migrate(name, receiving).await();
            receiving.move().await();
            LabGuest arrived = receiving.guest(name).ticking();

            assertThat(arrived.run("dd if=/dev/vdb" + where)).isEqualTo("here");
            assertThat(arrived.run("dd if=/dev/vdc bs=1M skip=10000 count=1 2>/dev/null | head -c 5"))
                    .isEqualTo("there");
            assertThat(arrived.run("cat /sys/block/vdb/size /sys/block/vdc/size | tr '\\n' ' '"))
                    .startsWith(LARGE / 512 + " " + LARGE / 512);
            assertThat(sent.get("packageBytes").getAsLong()).isLessThan(128 * BYTES);
            Hosts.clear();
        }
    }

    private MoveFailed refused(String guest) {
        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        MoveFailed failed = catchThrowableOfType(
                MoveFailed.class, () -> a.migrate(guest, receiving).await());
        receiving.move().cancel();
        assertThat(failed).isNotNull();
        assertThat(failed.source()).isEqualTo(EndState.UNTOUCHED);
        return failed;
    }

    @Test
    void whatItReadsOtherwiseThanAsAFileIsRefusedByName() throws Exception {
        String name = "slices";
        base(name, 'A');
        LabDisk top =
                LabDisk.overlay(a.homeOf(name).resolve("vdb"), a.homeOf(name).resolve("A.raw"), "raw");
        Path raw = a.homeOf(name).resolve("A.raw");
        LabGuest guest = a.start(Hosts.tiny(a, name)
                        .device(disk(
                                "vdb",
                                top.file(),
                                "qcow2",
                                "<backingStore type='file'><format type='raw'/><source file='" + raw
                                        + "'><slices><slice type='storage' offset='0' size='524288'/></slices></source>"
                                        + "<backingStore/></backingStore>")))
                .ready();

        MoveFailed failed = refused(name);

        assertThat(failed.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(failed.getMessage()).contains("vdb").contains(raw.toString()).contains("slices");
        guest.ticking();
        assertThat(guest.console().log().ticksLost()).isZero();
    }

    @Test
    void aDiskOfTwoGuestsIsRefusedUnlessACopyIsAskedFor() throws Exception {
        Path shared = content("sharing", 'S');
        LabDomain one = sharing("one", shared);
        LabDomain two = sharing("two", shared);
        LabGuest first = a.start(one).ready();
        LabGuest second = a.start(two).ready();

        MoveFailed failed = refused("one");

        assertThat(failed.problem()).isEqualTo(Problem.DISK_SHARED);
        assertThat(failed.getMessage()).contains("vdb").contains(shared.toString());
        first.ticking();
        assertThat(first.console().log().ticksLost()).isZero();

        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = a.migrateCopying("vdb", "one", receiving).await();
        receiving.move().await();
        LabGuest arrived = receiving.guest("one").ticking();

        assertThat(sent.getAsJsonArray("notices").toString())
                .contains("NOT_CARRIED")
                .contains(shared.toString());
        assertThat(read(arrived, "vdb")).isEqualTo("SSSS");
        assertThat(b.xmlOf("one")).doesNotContain("<shareable/>");
        second.run("printf 2222 | dd of=/dev/vdb bs=64k seek=8 conv=sync 2>/dev/null; sync");
        assertThat(read(second, "vdb")).isEqualTo("2222");
        assertThat(read(arrived, "vdb")).isEqualTo("SSSS");
        second.ticking();
    }

    private LabDomain sharing(String name, Path shared) {
        return Hosts.tiny(a, name)
                .device(disk("vdb", shared, "raw", "<shareable/>").replace("type='raw'", "type='raw' cache='none'"));
    }
}
