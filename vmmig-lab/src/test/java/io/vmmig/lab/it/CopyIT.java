// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.Command;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.guest.ConsoleLog;
import io.vmmig.lab.host.GuestChanges;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Restoring;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A guest comes to life a second time, beside itself. */
@Tag("slow")
class CopyIT {
    private static final List<String> BRIDGES = List.of("vmmigit0", "vmmigit1");

    private static void ip(String... words) {
        String[] all = new String[words.length + 1];
        all[0] = "ip";
        System.arraycopy(words, 0, all, 1, words.length);
        Command.of(all).run(Duration.ofSeconds(10));
    }

    @BeforeEach
    void makeBridges() {
        BRIDGES.forEach(bridge -> ip("link", "add", bridge, "type", "bridge"));
    }

    @AfterEach
    void clear() {
        Hosts.clear();
        BRIDGES.forEach(bridge -> ip("link", "del", bridge));
    }

    @Test
    void withAnotherNameUuidPathsAndBridgeBesideTheOriginal() {
        LabHost a = Hosts.a();
        LabGuest original =
                a.start(Hosts.tiny(a, "original").bridge(BRIDGES.get(0))).ready();
        String sum = original.memorySum();
        assertThat(original.run("ip link set eth0 up && cat /sys/class/net/eth0/carrier"))
                .isEqualTo("1");
        Path file = Hosts.lab().directory().resolve("original.vmmig");
        Path home = a.directory().resolve("elsewhere");
        UUID uuid = UUID.randomUUID();

        a.save("original", file, true, event -> {}).await();
        GuestChanges changes = GuestChanges.none()
                .named("copy")
                .uuid(uuid)
                .disk("vda", home.resolve("its-disk.qcow2"))
                .serial(0, home.resolve("its-console.log"))
                .channel(Channel.NAME, home.resolve("its-channel"))
                .bridge(BRIDGES.get(0), BRIDGES.get(1));
        home.toFile().mkdirs();
        Restoring restoring = a.restore(file, ReceiveOptions.defaults().changed(changes));
        String report = restoring.move().await().toString();
        LabGuest copy = restoring.guest("copy").ticking();

        assertThat(copy.memorySum()).isEqualTo(sum);
        assertThat(copy.records().values()).allMatch(count -> count > 0);
        assertThat(copy.console().file()).isEqualTo(home.resolve("its-console.log"));
        assertThat(copy.channel()).isEqualTo(home.resolve("its-channel"));
        assertThat(a.xmlOf("copy"))
                .contains("<uuid>" + uuid + "</uuid>")
                .contains("<source bridge='" + BRIDGES.get(1) + "'/>")
                .contains("<source file='" + home.resolve("its-disk.qcow2") + "'");

        assertThat(copy.run("cat /sys/class/net/eth0/carrier"))
                .as("the link of what has the original's MAC address")
                .isEqualTo("0");
        assertThat(a.xmlOf("copy")).contains("<link state='down'/>");
        assertThat(report).contains("SAME_ADDRESS", "virsh domif-setlink copy");

        original.ticking();
        assertThat(original.run("cat /sys/class/net/eth0/carrier")).isEqualTo("1");
        ConsoleLog log = original.console().log();
        assertThat(log.ticksLost()).isZero();
        assertThat(log.ticksRepeated()).isZero();
        assertThat(original.memorySum()).isEqualTo(sum);
    }
}
