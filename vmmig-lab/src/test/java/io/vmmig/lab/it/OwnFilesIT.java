// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.Await;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What vmmig has made for a guest, and another guest uses when that one leaves. */
class OwnFilesIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final GuestKind.Image image = GuestKind.TINY_X86_64.image();
    private final LabHost c = Hosts.c();
    private final LabHost d = Hosts.d();

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    /** As its owner would, with ACPI, without which no device can be taken away, and perhaps with another kernel. */
    private LabGuest start(LabHost host, LabDomain domain, Path kernel) throws IOException {
        Path home = host.homeOf(domain.name());
        String xml = domain.xml(home)
                .replace("<devices>", "<features><acpi/></features>\n<devices>")
                .replaceFirst("<kernel>[^<]*", "<kernel>" + kernel);
        Path file = Files.writeString(home.resolve("domain.xml"), xml);
        Virsh.at(host, "define", file.toString());
        Virsh.at(host, "start", domain.name());
        return host.adopt(domain.name()).ready();
    }

    private static String disk(Path file, String format, String target) {
        return "<disk type='file' device='disk'><driver name='qemu' type='" + format + "'/><source file='" + file
                + "'/><target dev='" + target + "' bus='virtio'/></disk>";
    }

    private static LabGuest move(LabHost from, String guest, LabHost to, List<String> notices) {
        Receiving receiving = to.receive(from.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = from.migrate(guest, receiving).await();
        receiving.move().await();
        JsonArray all = sent.getAsJsonArray("notices");
        for (JsonElement notice : all) {
            JsonObject fields = notice.getAsJsonObject();
            notices.add(fields.get("kind").getAsString() + " "
                    + fields.get("subject").getAsString() + " "
                    + fields.get("text").getAsString());
        }
        return receiving.guest(guest).ticking();
    }

    /** It runs, and it can be started again. */
    private static void assertWhole(LabGuest guest) {
        guest.ticking();
        Virsh.at(guest.host(), "destroy", guest.name());
        Virsh.at(guest.host(), "start", guest.name());
        assertThat(guest.host().stateOf(guest.name())).isEqualTo("RUNNING");
    }

    @Test
    void aDiskThatWasGivenToAnotherGuestStays() throws Exception {
        String name = "detaching";
        LabDisk second = LabDisk.overlay(Hosts.disk(c, name, "b"), image.qcow2(), "qcow2");
        start(c, Hosts.tiny(c, name).disk(second).kept(), image.kernel());
        List<String> notices = new ArrayList<>();
        move(c, name, d, notices);
        Path moved = d.diskOf(name, "vdb");
        Path left = d.diskOf(name, "vda");

        Virsh.at(d, "detach-disk", name, "vdb", "--live", "--config");
        Await.until("vdb to be taken out", SOON, () -> !Virsh.at(d, "domblklist", name)
                .contains("vdb"));
        LabGuest other = start(
                d, Hosts.tiny(d, "other").device(disk(moved, "qcow2", "vdb")).kept(), image.kernel());
        notices.clear();
        move(d, name, c, notices);

        assertThat(moved).exists();
        assertThat(left).doesNotExist();
        assertThat(notices)
                .anySatisfy(notice ->
                        assertThat(notice).startsWith("LEFT_BEHIND " + moved).contains("guest other"));
        assertWhole(other);
    }

    @Test
    void theBaseAndTheKernelOfACloneStay() throws Exception {
        String name = "original";
        Path kernel = Files.createDirectories(c.homeOf(name)).resolve("kernel-of-its-own");
        Files.copy(image.kernel(), kernel);
        Files.write(kernel, new byte[4096], StandardOpenOption.APPEND);
        LabDisk alone = LabDisk.raw(Hosts.disk(c, name, "a"), image.raw());
        start(c, LabDomain.of(image, name).disk(alone).kept(), kernel);
        List<String> notices = new ArrayList<>();
        move(c, name, d, notices);
        Path base = d.diskOf(name, "vda");
        Path movedKernel = d.guestsDirectory().resolve(name).resolve("kernel");
        assertThat(movedKernel).exists();

        Path overlay = d.homeOf("snapshots").resolve("s1.qcow2");
        Files.createDirectories(overlay.getParent());
        Virsh.at(
                d,
                "snapshot-create-as",
                name,
                "s1",
                "--disk-only",
                "--no-metadata",
                "--diskspec",
                "vda,file=" + overlay);
        LabDisk over = LabDisk.overlay(Hosts.disk(d, "clone", "a"), base, "raw");
        LabGuest clone = start(d, LabDomain.of(image, "clone").disk(over).kept(), movedKernel);
        c.addImage(base, "raw");
        notices.clear();
        move(d, name, c, notices);

        assertThat(base).exists();
        assertThat(movedKernel).exists();
        for (Path stays : List.of(base, movedKernel)) {
            assertThat(notices).anySatisfy(notice -> assertThat(notice)
                    .startsWith("LEFT_BEHIND " + stays)
                    .contains("guest clone"));
        }
        assertWhole(clone);
    }
}
