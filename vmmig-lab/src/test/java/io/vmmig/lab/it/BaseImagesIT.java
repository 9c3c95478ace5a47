// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.GuestChanges;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Restoring;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On hosts to whose image stores nothing has been added: guests with a base image, a kernel, a ramdisk and an ISO in a CD-ROM. */
class BaseImagesIT {
    private static LabHost one;
    private static LabHost other;
    private static Path iso;

    @BeforeAll
    static void start() throws Exception {
        one = Hosts.lab().embedded("bare-1");
        other = Hosts.lab().embedded("bare-2");
        byte[] content = new byte[8 << 20];
        new Random(1).nextBytes(content);
        iso = Files.write(Hosts.lab().directory().resolve("installer.iso"), content)
                .toRealPath();
    }

    @AfterEach
    void clear() {
        one.clear();
        other.clear();
    }

    @AfterAll
    static void delete() throws Exception {
        Files.deleteIfExists(iso);
    }

    private static LabGuest startOn(LabHost host, String name) {
        return host.start(Hosts.tiny(host, name)
                        .device("<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='" + iso
                                + "'/><target dev='sda' bus='sata'/><readonly/></disk>"))
                .ready();
    }

    private static GuestChanges copy() {
        return GuestChanges.none().named("copy").uuid(UUID.randomUUID());
    }

    private static List<String> names(JsonObject report, String list, String field) {
        List<String> names = new ArrayList<>();
        for (JsonElement element : report.getAsJsonArray(list)) {
            names.add(element.getAsJsonObject().get(field).getAsString());
        }
        return names;
    }

    @Test
    void aBackupIsRestoredWhereItWasMadeAndWithItsBaseImagesAnywhere() {
        LabGuest guest = startOn(one, "backed-up");
        String sum = guest.memorySum();
        Path plain = Hosts.lab().directory().resolve("plain.vmmig");
        Path complete = Hosts.lab().directory().resolve("complete.vmmig");

        JsonObject saved = one.save("backed-up", plain, true, event -> {}).await();
        assertThat(names(saved, "notices", "subject"))
                .contains(iso.toString(), GuestKind.TINY_X86_64.image().qcow2().toString());
        JsonObject savedComplete =
                one.saveComplete(other, "backed-up", complete).await();
        assertThat(names(savedComplete, "notices", "kind")).doesNotContain("CONTENT_NEEDED");
        guest.ticking();

        Restoring here = one.restore(plain, ReceiveOptions.defaults().changed(copy()));
        here.move().await();
        assertThat(here.guest("copy").ticking().memorySum()).isEqualTo(sum);

        Restoring there = other.restore(complete, ReceiveOptions.defaults().changed(copy()));
        there.move().await();
        assertThat(there.guest("copy").ticking().memorySum()).isEqualTo(sum);
        assertThat(other.xmlOf("copy")).doesNotContain(iso.toString());
    }

    @Test
    void aGuestThatComesBackFindsEverythingWhereItWas() {
        LabGuest guest = startOn(one, "there-and-back");
        String sum = guest.memorySum();

        Receiving receiving = other.receive(one.fingerprint(), ReceiveOptions.defaults());
        JsonObject there = one.migrateComplete("there-and-back", receiving).await();
        receiving.move().await();
        LabGuest away = receiving.guest("there-and-back").ticking();
        assertThat(names(there, "contents", "name"))
                .contains("kernel", "ramdisk")
                .anyMatch(name -> name.startsWith("bases/"));

        Receiving back = one.receive(other.fingerprint(), ReceiveOptions.defaults());
        JsonObject returned = other.migrate("there-and-back", back).await();
        back.move().await();
        LabGuest again = back.guest("there-and-back").ticking();

        assertThat(again.memorySum()).isEqualTo(sum);
        assertThat(away.name()).isEqualTo(again.name());
        assertThat(names(returned, "contents", "name"))
                .doesNotContain("kernel", "ramdisk")
                .noneMatch(name -> name.startsWith("bases/"));
        assertThat(returned.get("packageBytes").getAsLong())
                .isLessThan(there.get("packageBytes").getAsLong() / 4);
        assertThat(one.xmlOf("there-and-back"))
                .contains(iso.toString())
                .contains(GuestKind.TINY_X86_64.image().kernel().toString());
    }
}
