// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.domain.Loss;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.Command;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.host.GuestChanges;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Restoring;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What libvirt keeps of a guest besides its running XML: it is carried, refused before the guest stops, or in the report. */
class BelongingsIT {
    private static final long TWENTY_GIB = 20L << 30;
    private static final String GENERATION_ID = "11111111-2222-3333-4444-555555555555";

    @AfterEach
    void clear() {
        for (LabHost host : List.of(Hosts.c(), Hosts.d())) {
            for (String guest : host.guests()) {
                Virsh.at(host, "undefine", guest, "--snapshots-metadata", "--checkpoints-metadata", "--managed-save");
            }
        }
        Hosts.clear();
    }

    /** A guest in the middle of its installation: it was started from a kernel, and its definition boots the disk. */
    private static LabGuest startInstalling(LabHost host, String name) throws IOException {
        return startInstalling(host, name, "");
    }

    private static LabGuest startInstalling(LabHost host, String name, String devices) throws IOException {
        Path home = host.homeOf(name);
        String installing = Hosts.tiny(host, name)
                .xml(home)
                .replace("<serial type", devices + "<serial type")
                .replace("<vcpu>", "<genid>" + GENERATION_ID + "</genid><vcpu>")
                .replace("<devices>", "<on_reboot>destroy</on_reboot><devices>");
        define(host, home, installing);
        Virsh.at(host, "start", name);
        LabGuest guest =
                new LabGuest(host, name, Console.from(home.resolve("console")), home.resolve("channel")).ready();
        String installed = definition(host, name)
                .replaceAll("<(kernel|initrd|cmdline)>.*?</\\1>", "")
                .replace("<on_reboot>destroy<", "<on_reboot>restart<")
                .replaceAll("<vcpu([^>]*)>1<", "<vcpu$1>2<");
        define(host, home, installed);
        return guest;
    }

    private static void define(LabHost host, Path home, String xml) throws IOException {
        Virsh.at(
                host,
                "define",
                Files.writeString(home.resolve("domain.xml"), xml).toString());
    }

    private static String definition(LabHost host, String guest) {
        return Virsh.at(host, "dumpxml", "--inactive", guest);
    }

    private static String dominfo(LabHost host, String guest) {
        return Virsh.at(host, "dominfo", guest);
    }

    /** What both ends reported of one move. */
    private record Moved(LabGuest guest, JsonObject sent, JsonObject received) {}

    private static Moved move(LabGuest guest, LabHost to, ReceiveOptions options, Loss... losses) {
        Receiving receiving = to.receive(guest.host().fingerprint(), options);
        Move sending = guest.host().migrateLosing(guest.name(), receiving, losses);
        JsonObject sent = sending.await();
        JsonObject received = receiving.move().await();
        return new Moved(receiving.guest(guest.name()).ticking(), sent, received);
    }

    /** But for the clock, which depends on how long a guest was paused: ClockIT is about that. */
    private static List<String> noticed(JsonObject report) {
        return StreamSupport.stream(report.getAsJsonArray("notices").spliterator(), false)
                .map(notice -> notice.getAsJsonObject().get("subject").getAsString())
                .filter(subject -> !subject.equals("clock"))
                .toList();
    }

    private static String generationIdIn(String xml) {
        Matcher genid = Pattern.compile("<genid>(.*?)</genid>").matcher(xml);
        assertThat(genid.find()).as("a generation ID in %s", xml).isTrue();
        return genid.group(1);
    }

    /** What QEMU has put into the guest's memory. */
    private static String generationIdOf(LabHost host, String guest) {
        String answer = Virsh.at(host, "qemu-monitor-command", guest, "{\"execute\":\"query-vm-generation-id\"}");
        Matcher guid = Pattern.compile("\"guid\":\\s*\"(.*?)\"").matcher(answer);
        assertThat(guid.find()).as("a generation ID in %s", answer).isTrue();
        return guid.group(1);
    }

    private static void assertInstalled(LabHost host, String name) {
        assertThat(definition(host, name))
                .contains("<on_reboot>restart</on_reboot>")
                .containsPattern("<vcpu[^>]*>2<")
                .contains(host.guestsDirectory()
                        .resolve(name)
                        .resolve("vda.0.qcow2")
                        .toString())
                .doesNotContain("<kernel>")
                .doesNotContain("<cmdline>");
        assertThat(host.xmlOf(name))
                .contains("<on_reboot>destroy</on_reboot>")
                .containsPattern("<vcpu[^>]*>1<")
                .contains("<kernel>");
    }

    /** Both ways: what has come with vmmig goes on with it. */
    @Test
    void definitionAndAutostartTravelThereAndBack() throws IOException {
        LabGuest guest = startInstalling(Hosts.c(), "installing");
        Virsh.at(Hosts.c(), "autostart", "installing");
        Virsh.at(Hosts.c(), "desc", "installing", "--live", "--config", "ordered by Erika");

        Moved there = move(guest, Hosts.d(), ReceiveOptions.defaults());
        assertInstalled(Hosts.d(), "installing");
        assertThat(dominfo(Hosts.d(), "installing")).containsPattern("Autostart:\\s+enable");
        assertThat(Virsh.at(Hosts.d(), "desc", "installing")).contains("ordered by Erika");
        assertThat(Hosts.c().guests()).isEmpty();
        assertThat(noticed(there.sent())).isEmpty();
        assertThat(noticed(there.received())).containsExactly("generation ID");

        Moved back = move(there.guest(), Hosts.c(), ReceiveOptions.defaults());
        assertInstalled(Hosts.c(), "installing");
        assertThat(dominfo(Hosts.c(), "installing")).containsPattern("Autostart:\\s+enable");
        assertThat(noticed(back.sent())).isEmpty();
    }

    /** Libvirt makes a new generation ID whenever it restores; then all that speak of it speak of the same, and it is told. */
    @Test
    void everybodyAgreesOnTheGenerationId() throws IOException {
        LabGuest guest = startInstalling(Hosts.c(), "generation");
        assertThat(generationIdOf(Hosts.c(), "generation")).isEqualTo(GENERATION_ID);

        Moved moved = move(guest, Hosts.d(), ReceiveOptions.defaults());

        String now = generationIdOf(Hosts.d(), "generation");
        assertThat(generationIdIn(Hosts.d().xmlOf("generation"))).isEqualTo(now);
        assertThat(generationIdIn(definition(Hosts.d(), "generation"))).isEqualTo(now);
        assertThat(moved.received().toString()).contains("generation ID", GENERATION_ID, now);
    }

    @Test
    void aCopyHasAGenerationIdAndADefinitionOfItsOwnAndDoesNotStartByItself() throws IOException {
        LabGuest guest = startInstalling(Hosts.c(), "original");
        Virsh.at(Hosts.c(), "autostart", "original");
        Path file = Hosts.lab().directory().resolve("belongings.vmmig");
        Hosts.c()
                .saveFor(List.of(Hosts.d()), "original", file, true, event -> {})
                .await();
        guest.ticking();

        UUID uuid = UUID.randomUUID();
        Restoring restoring = Hosts.d()
                .restore(
                        file,
                        ReceiveOptions.defaults()
                                .changed(GuestChanges.none().named("copy").uuid(uuid)));
        JsonObject received = restoring.move().await();
        restoring.guest("copy").ticking();

        assertInstalled(Hosts.d(), "copy");
        assertThat(definition(Hosts.d(), "copy")).contains("<name>copy</name>", "<uuid>" + uuid + "</uuid>");
        assertThat(dominfo(Hosts.d(), "copy")).containsPattern("Autostart:\\s+disable");
        assertThat(dominfo(Hosts.c(), "original")).containsPattern("Autostart:\\s+enable");
        // It has no agent, so its clock is as late as the copy was made.
        assertThat(noticed(received)).containsExactly("autostart");
        String now = generationIdOf(Hosts.d(), "copy");
        assertThat(now).isNotEqualTo(GENERATION_ID);
        assertThat(generationIdIn(Hosts.d().xmlOf("copy"))).isEqualTo(now);
        assertThat(generationIdIn(definition(Hosts.d(), "copy"))).isEqualTo(now);
        assertThat(generationIdOf(Hosts.c(), "original")).isEqualTo(GENERATION_ID);
        Files.delete(file);
    }

    @Test
    void snapshotsAndCheckpointsAreNotLostInSilence() throws IOException {
        LabGuest guest = startInstalling(Hosts.c(), "kept");
        Virsh.at(Hosts.c(), "snapshot-create-as", "kept", "s1", "before the upgrade", "--disk-only");
        Virsh.at(Hosts.c(), "checkpoint-create-as", "kept", "cp1");

        Receiving nobody = Hosts.d().receive(Hosts.c().fingerprint(), ReceiveOptions.defaults());
        Move refused = Hosts.c().migrate("kept", nobody);
        assertThat(catchThrowableOfType(MoveFailed.class, refused::await)).satisfies(e -> {
            assertThat(e.problem()).isEqualTo(Problem.LOSS_NOT_ALLOWED);
            assertThat(e.source()).isEqualTo(EndState.UNTOUCHED);
            assertThat(e).hasMessageContainingAll("snapshot s1", "checkpoint cp1");
        });
        nobody.move().cancel();
        assertThat(catchThrowableOfType(MoveFailed.class, () -> nobody.move().await()))
                .isNotNull();
        guest.ticking();
        assertThat(Virsh.at(Hosts.c(), "snapshot-list", "kept", "--name")).contains("s1");
        assertThat(Virsh.at(Hosts.c(), "checkpoint-list", "kept", "--name")).contains("cp1");

        Moved moved = move(guest, Hosts.d(), ReceiveOptions.defaults(), Loss.SNAPSHOTS, Loss.CHECKPOINTS);

        assertThat(noticed(moved.sent())).containsExactly("snapshot s1", "checkpoint cp1");
        assertThat(noticed(moved.received())).contains("snapshot s1", "checkpoint cp1");
        assertInstalledBut(Hosts.d());
    }

    private static void assertInstalledBut(LabHost host) {
        assertThat(definition(host, "kept"))
                .contains("<on_reboot>restart</on_reboot>")
                .doesNotContain("<kernel>");
        assertThat(Virsh.at(host, "snapshot-list", "kept", "--name")).isBlank();
    }

    private static void assertRefused(
            LabGuest guest, Problem problem, Loss[] losses, boolean copying, String... words) {
        Receiving nobody = Hosts.d().receive(guest.host().fingerprint(), ReceiveOptions.defaults());
        Move refused = copying
                ? guest.host().migrateCopyingAndLosing("vdb", guest.name(), nobody, losses)
                : guest.host().migrateLosing(guest.name(), nobody, losses);
        assertThat(catchThrowableOfType(MoveFailed.class, refused::await)).satisfies(e -> {
            assertThat(e.problem()).isEqualTo(problem);
            assertThat(e.source()).isEqualTo(EndState.UNTOUCHED);
            assertThat(e).hasMessageContainingAll(words);
        });
        nobody.move().cancel();
        assertThat(catchThrowableOfType(MoveFailed.class, () -> nobody.move().await()))
                .isNotNull();
        guest.ticking();
    }

    /** A guest with nearly all that a guest can have: each thing is carried, or refused by name, or named in the report. */
    @Test
    void aGuestWithEverythingMovesThereAndBack() throws IOException {
        LabHost c = Hosts.c();
        Path home = Files.createDirectories(c.homeOf("everything"));
        Path shared = Files.write(home.resolve("shared.raw"), new byte[1 << 20]);
        Path sparse = home.resolve("sparse.raw");
        try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
            file.setLength(TWENTY_GIB);
        }
        Path iso = Files.write(home.resolve("setup.iso"), new byte[1 << 20]);
        Hosts.d().addImage(iso, "raw");
        c.addImage(iso, "raw");
        LabGuest guest = startInstalling(
                c,
                "everything",
                raw("disk", shared, "vdb", "virtio", "<shareable/>")
                        + raw("disk", sparse, "vdc", "virtio", "")
                        + raw("cdrom", iso, "sda", "sata", "<readonly/>"));
        Virsh.at(c, "autostart", "everything");
        Virsh.at(c, "desc", "everything", "--live", "--config", "ordered by Erika");
        String others = ",snapshot=no";
        Virsh.at(
                c,
                "snapshot-create-as",
                "everything",
                "s1",
                "--disk-only",
                "--diskspec",
                "vda,snapshot=external",
                "--diskspec",
                "vdb" + others,
                "--diskspec",
                "vdc" + others,
                "--diskspec",
                "sda" + others);
        Virsh.at(
                c,
                "checkpoint-create-as",
                "everything",
                "cp1",
                "--diskspec",
                "vda,checkpoint=bitmap",
                "--diskspec",
                "vdb,checkpoint=no",
                "--diskspec",
                "vdc,checkpoint=no");

        assertRefused(guest, Problem.DISK_SHARED, new Loss[0], false, "vdb", shared.toString());
        assertRefused(guest, Problem.LOSS_NOT_ALLOWED, new Loss[0], true, "snapshot s1", "checkpoint cp1");

        Receiving receiving = Hosts.d().receive(c.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = c.migrateCopyingAndLosing("vdb", "everything", receiving, Loss.SNAPSHOTS, Loss.CHECKPOINTS)
                .await();
        JsonObject received = receiving.move().await();
        LabGuest there = receiving.guest("everything").ticking();
        assertThat(noticed(sent))
                .contains("snapshot s1", "checkpoint cp1")
                .anyMatch(subject -> subject.contains("vdb"));
        assertThat(noticed(received)).contains("snapshot s1", "checkpoint cp1", "generation ID");
        assertHasEverything(Hosts.d());
        assertThat(shared).as("the others' disk").exists();

        LabGuest back = move(there, c, ReceiveOptions.defaults()).guest();
        assertHasEverything(c);
        assertThat(back.console().log().complaints()).isEmpty();
        assertThat(Hosts.d().guests()).isEmpty();
    }

    private static void assertHasEverything(LabHost host) throws IOException {
        String running = host.xmlOf("everything");
        String definition = definition(host, "everything");
        assertThat(running)
                .contains("<on_reboot>destroy</on_reboot>", "<kernel>", "dev='sda'")
                .doesNotContain("<shareable/>");
        assertThat(definition)
                .contains("<on_reboot>restart</on_reboot>", "dev='sda'", "ordered by Erika")
                .containsPattern("<vcpu[^>]*>2<")
                .doesNotContain("<shareable/>")
                .doesNotContain("<kernel>");
        for (String target : List.of("vda", "vdb", "vdc")) {
            assertThat(definition).contains("<source file='" + host.diskOf("everything", target) + "'");
        }
        assertThat(dominfo(host, "everything")).containsPattern("Autostart:\\s+enable");
        Path sparse = host.diskOf("everything", "vdc");
        assertThat(Files.size(sparse)).isEqualTo(TWENTY_GIB);
        long allocated = Long.parseLong(Command.of("stat", "-c", "%b", sparse.toString())
                .run(Duration.ofSeconds(10))
                .strip());
        assertThat(allocated * 512).isLessThan(64L << 20);
    }

    private static String raw(String device, Path file, String target, String bus, String more) {
        return "<disk type='file' device='" + device + "'><driver name='qemu' type='raw'/><source file='" + file
                + "'/><target dev='" + target + "' bus='" + bus + "'/>" + more + "</disk>";
    }

    /** It would be without its disk after its next start. */
    @Test
    void aDiskThatWaitsForTheNextStartIsNotLostInSilence() throws IOException {
        LabGuest guest = startInstalling(Hosts.c(), "grown");
        Path added = Hosts.c().homeOf("grown").resolve("added.raw");
        Files.write(added, new byte[1 << 20]);
        Virsh.at(Hosts.c(), "attach-disk", "grown", added.toString(), "vdb", "--config", "--subdriver", "raw");

        Receiving nobody = Hosts.d().receive(Hosts.c().fingerprint(), ReceiveOptions.defaults());
        Move refused = Hosts.c().migrate("grown", nobody);
        assertThat(catchThrowableOfType(MoveFailed.class, refused::await)).satisfies(e -> {
            assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
            assertThat(e.source()).isEqualTo(EndState.UNTOUCHED);
            assertThat(e).hasMessageContainingAll("definition", "vdb", added.toString());
        });
        nobody.move().cancel();
        assertThat(catchThrowableOfType(MoveFailed.class, () -> nobody.move().await()))
                .isNotNull();
        guest.ticking();

        Moved moved = move(guest, Hosts.d(), ReceiveOptions.defaults(), Loss.PENDING_CHANGES);
        assertThat(noticed(moved.sent())).containsExactly("definition");
        assertThat(definition(Hosts.d(), "grown"))
                .contains("<on_reboot>destroy</on_reboot>")
                .doesNotContain("vdb");
        assertThat(added).exists();
    }
}
