// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.examples.AwaitHost;
import io.vmmig.examples.CancelMidway;
import io.vmmig.examples.MeetHost;
import io.vmmig.examples.MigrateOverTls;
import io.vmmig.examples.Receive;
import io.vmmig.examples.RestoreFromFile;
import io.vmmig.examples.SaveToFile;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs each example as its user would, in a JVM of its own, against a libvirtd. */
@Tag("slow")
class ExamplesIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void saveRestoreAndCancel() {
        LabHost c = Hosts.c();
        LabHost d = Hosts.d();
        LabGuest guest = Hosts.startTiny(c, "sample");
        String file = Hosts.lab().directory().resolve("sample.vmmig").toString();
        String other = Hosts.lab().directory().resolve("cancelled.vmmig").toString();

        Example save = Example.start(
                SaveToFile.class,
                c.uri(),
                "sample",
                file,
                c.identityDirectory().toString(),
                c.stateDirectory().toString());
        assertThat(save.output()).contains("sample:").contains("bytes of package");
        guest.ticking();

        Example restore = Example.start(
                RestoreFromFile.class,
                d.uri(),
                file,
                "copy",
                d.guestsDirectory().toString(),
                d.stateDirectory().toString(),
                c.identityDirectory().toString());
        assertThat(restore.output()).contains("copy runs");
        d.adopt("copy").ticking();

        Example cancel = Example.start(
                CancelMidway.class, c.uri(), "sample", other, c.stateDirectory().toString());
        assertThat(cancel.output()).contains("cancelling").contains("[CANCELLED in SNAPSHOT]");
        assertThat(Path.of(other)).doesNotExist();
        guest.ticking();
        assertThat(guest.console().log().ticksLost()).isZero();
    }

    @Test
    void migrateAndReceive() throws Exception {
        LabHost c = Hosts.c();
        LabHost d = Hosts.d();
        LabGuest guest = Hosts.startTiny(c, "sample");
        String sum = guest.memorySum();
        String nodesOfC = Hosts.lab().directory().resolve("nodes-c").toString();
        String nodesOfD = Hosts.lab().directory().resolve("nodes-d").toString();
        introduce(c, nodesOfC, d, nodesOfD);

        Example receive = Example.start(
                Receive.class,
                d.uri(),
                "0",
                d.identityDirectory().toString(),
                nodesOfD,
                d.guestsDirectory().toString(),
                d.stateDirectory().toString());
        String port = receive.awaitLine("listening on port ").replaceAll("\\D", "");
        Example migrate = Example.start(
                MigrateOverTls.class,
                c.uri(),
                "sample",
                "host-d",
                "127.0.0.1",
                port,
                c.identityDirectory().toString(),
                nodesOfC,
                c.stateDirectory().toString());

        assertThat(migrate.output()).contains("\"downtimeMillis\"");
        assertThat(receive.output()).contains("sample runs here now");
        Moves.assertGone(c, "sample");
        LabGuest arrived = d.adopt("sample").ticking();
        assertThat(arrived.memorySum()).isEqualTo(sum);
    }

    private static void introduce(LabHost c, String nodesOfC, LabHost d, String nodesOfD) throws Exception {
        Example await = Example.start(
                AwaitHost.class, "host-d", "0", d.identityDirectory().toString(), nodesOfD);
        String port = await.awaitLine("listening on port ").replaceAll("\\D", "");
        Example meet = Example.start(
                MeetHost.class,
                "host-c",
                "127.0.0.1",
                port,
                c.identityDirectory().toString(),
                nodesOfC);

        assertThat(meet.awaitLine("code: ")).isEqualTo(await.awaitLine("code: "));
        meet.say("yes");
        await.say("yes");
        assertThat(meet.output()).contains("host-d is trusted now");
        assertThat(await.output()).contains("host-c is trusted now");
    }

    @Test
    void eachSaysHowItIsUsed() {
        for (Class<?> example : new Class<?>[] {
            SaveToFile.class,
            RestoreFromFile.class,
            MeetHost.class,
            AwaitHost.class,
            MigrateOverTls.class,
            Receive.class,
            CancelMidway.class
        }) {
            Example run = Example.start(example);
            assertThat(run.status()).isEqualTo(2);
            assertThat(run.errors()).startsWith("usage: " + example.getSimpleName());
        }
    }
}
