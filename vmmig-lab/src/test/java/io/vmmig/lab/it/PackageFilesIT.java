// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Restoring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is, and what is not, in packages that are kept as files. */
@Tag("slow")
class PackageFilesIT {
    private static final long MIB = 1 << 20;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static Path file(String name) {
        return Hosts.lab().directory().resolve(name + ".vmmig");
    }

    @Test
    void aFullPackageAndTwoOfChangesAreRestoredInOneStep() throws IOException {
        LabHost a = Hosts.a();
        LabGuest guest = Hosts.startTiny(a, "layered");
        Path full = file("full");
        Path monday = file("monday");
        Path tuesday = file("tuesday");
        a.save("layered", full, true, event -> {}).await();
        guest.run("echo of monday >/run/monday");
        a.saveChanges("layered", monday, List.of(full)).await();
        guest.run("echo of tuesday >/run/tuesday");
        a.saveChanges("layered", tuesday, List.of(full, monday)).await();
        // What stands upon an older package than the latest one that was kept.
        Path upon = file("upon-full");
        a.saveChanges("layered", upon, List.of(full)).await();
        String sum = guest.memorySum();
        a.remove("layered");

        assertThat(Files.size(monday)).isLessThan(Files.size(full) / 20);
        assertThat(Files.size(tuesday)).isLessThan(Files.size(full) / 20);
        assertThat(Files.size(upon)).isLessThan(Files.size(full) / 20);
        LabHost b = Hosts.b();
        assertThatThrownBy(() -> b.restore(tuesday, List.of(), ReceiveOptions.defaults())
                        .move()
                        .await())
                .isInstanceOf(MoveFailed.class)
                .hasMessageContaining("the earlier package");
        Restoring restoring = b.restore(tuesday, List.of(full, monday), ReceiveOptions.defaults());
        restoring.move().await();
        LabGuest back = restoring.guest("layered").ticking();

        assertThat(back.memorySum()).isEqualTo(sum);
        assertThat(back.run("cat /run/monday")).isEqualTo("of monday");
        assertThat(back.run("cat /run/tuesday")).isEqualTo("of tuesday");
    }

    /** Blocks of a deleted file are still in the image, unless the guest tells its disk. */
    @Test
    void blocksThatTheGuestHasDiscardedAreNotSent() {
        LabHost a = Hosts.a();
        LabGuest guest = Hosts.startTiny(a, "trim");
        String disk = guest.run("sed -n 's|^/dev/vda \\([^ ]*\\) .*|\\1|p' /proc/mounts");
        guest.run("dd if=/dev/urandom of=" + disk + "/large bs=1M count=24 2>/dev/null && sync");
        long written =
                diskBytes(a.save("trim", file("written"), true, event -> {}).await());
        guest.run("rm " + disk + "/large && sync && fstrim " + disk);
        long discarded =
                diskBytes(a.save("trim", file("discarded"), true, event -> {}).await());

        assertThat(written).isGreaterThan(24 * MIB);
        assertThat(discarded).isLessThan(MIB);
        try (Channel channel = guest.connect()) {
            assertThat(channel.records().values()).allMatch(count -> count > 0);
        }
    }

    private static long diskBytes(JsonObject report) {
        return report.getAsJsonArray("contents").asList().stream()
                .map(JsonElement::getAsJsonObject)
                .filter(content -> content.get("name").getAsString().startsWith("disks/"))
                .mapToLong(content -> content.get("storedBytes").getAsLong())
                .sum();
    }
}
