// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.files.Claim;
import io.vmmig.files.FileIdentity;
import io.vmmig.files.Ownership;
import io.vmmig.report.Notice;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is removed of a guest that has gone, and what is not. */
class DepartedFilesTest {
    @TempDir
    private Path guests;

    private final OtherGuests others = new OtherGuests();
    private Duration reaching = Duration.ofMinutes(1);
    private GuestFileList.OwnerCheck owner = Ownership::requireOwner;
    private Path home;
    private Path disk;
    private Path second;
    private Path kernel;

    @BeforeEach
    void make() throws Exception {
        home = Files.createDirectory(guests.resolve("web-1"));
        disk = Files.writeString(home.resolve("vda.0.qcow2"), "disk");
        second = Files.writeString(home.resolve("vdb.0.qcow2"), "second");
        kernel = Files.writeString(home.resolve("kernel"), "kernel");
        GuestFileList list = GuestFileList.in(home);
        for (Path file : List.of(disk, second, kernel)) {
            list.add(file, FileIdentity.of(file));
        }
        list.write();
    }

    private List<Notice> depart(Path... files) {
        return DepartedFiles.remove(Set.of(files), UUID.randomUUID(), others, reaching, owner);
    }

    private static Path overlay(Path file, String backing) throws Exception {
        byte[] name = backing.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(512);
        header.putInt(0x514649fb).putInt(3).putLong(256).putInt(name.length);
        header.putInt(100, 104);
        header.position(256);
        header.put(name);
        return Files.write(file, header.array());
    }

    private void assertLeft(List<Notice> notices, Path file, String why) {
        assertThat(file).exists();
        assertThat(notices).anySatisfy(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.LEFT_BEHIND);
            assertThat(notice.subject()).isEqualTo(file.toString());
            assertThat(notice.text()).contains(why);
        });
    }

    @Test
    void removesAllThatLeft() {
        assertThat(depart(disk, second, kernel)).isEmpty();
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void removesAllThoughTheHypervisorIsStartedAgainMeanwhile() {
        others.failing(2);
        assertThat(depart(disk, second, kernel)).isEmpty();
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void leavesWhatVmmigHasNotMade() throws Exception {
        Path log = Files.writeString(home.resolve("serial-0.log"), "the user may want it");
        Path base = Files.writeString(guests.resolve("base.qcow2"), "not vmmig's");

        assertThat(depart(disk, second, kernel, base)).isEmpty();

        assertThat(disk).doesNotExist();
        assertThat(log).exists();
        assertThat(base).exists();
        assertThat(home.resolve(".vmmig-files")).doesNotExist();
    }

    /** They could name files in it that vmmig has not made. */
    @Test
    void aListThatAnotherUserCouldHaveMadeCountsForNothing() throws Exception {
        // Only root could give it away.
        owner = directory -> {
            throw new IOException(directory + " belongs to the user nobody");
        };

        assertThat(GuestFileList.in(home, owner).paths()).isEmpty();
        List<Notice> notices = depart(disk, second, kernel);
        assertThat(notices).hasSize(1);
        assertLeft(notices, home, "it belongs to another user, so nothing in it was removed");
        assertThat(List.of(disk, second, kernel))
                .allSatisfy(file -> assertThat(file).exists());
    }

    /** Detached before, and perhaps somebody's. */
    @Test
    void leavesADiskThatWasNoPartOfTheGuestAnyMore() throws Exception {
        assertLeft(depart(disk, kernel), second, "no longer used it");
        assertThat(disk).doesNotExist();
        assertThat(GuestFileList.in(home).paths()).containsExactly(second);
        assertThat(depart(second)).isEmpty();
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void leavesWhatAnotherGuestNamesByWhateverName() throws Exception {
        Path link = Files.createSymbolicLink(guests.resolve("link"), disk);
        Path hardLink = Files.createLink(guests.resolve("hard"), second);
        Path alias = Files.createSymbolicLink(guests.resolve("alias"), home).resolve("kernel");
        others.using("linked", link).using("clone", hardLink).using("booted", alias);

        List<Notice> notices = depart(disk, second, kernel);

        assertLeft(notices, disk, "guest linked");
        assertLeft(notices, second, "guest clone");
        assertLeft(notices, kernel, "guest booted");
        assertThat(GuestFileList.in(home).paths()).hasSize(3);
    }

    @Test
    void leavesTheBaseOfWhatAnotherGuestNames() throws Exception {
        Path middle = overlay(guests.resolve("middle.qcow2"), "web-1/vda.0.qcow2");
        Path top = overlay(guests.resolve("top.qcow2"), middle.toString());
        Path odd = overlay(
                guests.resolve("odd.qcow2"), "json:{\"driver\":\"raw\",\"file\":{\"filename\":\"" + second + "\"}}");
        others.using("clone", top).using("other", odd);

        List<Notice> notices = depart(disk, second, kernel);

        assertLeft(notices, disk, "guest clone");
        assertLeft(notices, second, "guest other");
        assertThat(kernel).doesNotExist();
    }

    /** Made by hand, and not defined anywhere yet. */
    @Test
    void leavesTheBaseOfAnImageBesideIt() throws Exception {
        Path top = overlay(home.resolve("mine.qcow2"), "vda.0.qcow2");

        assertLeft(depart(disk, second, kernel), disk, "the image " + top);
        assertThat(second).doesNotExist();
    }

    @Test
    void leavesWhatIsInADirectoryThatAnotherGuestNames() throws Exception {
        others.using("shared", guests);
        assertLeft(depart(disk, second, kernel), disk, "guest shared");
    }

    @Test
    void removesNothingWhenOthersCannotBeLookedAt() {
        reaching = Duration.ZERO;
        others.failing(1);
        List<Notice> notices = depart(disk, kernel);
        assertLeft(notices, disk, "nobody is there");
        assertLeft(notices, kernel, "it is not known");
        assertThat(second).exists();
        assertThat(home.resolve(".vmmig-files")).exists();
    }

    @Test
    void leavesAFileThatHasTakenTheNameOfOneThatWasMade() throws Exception {
        Files.move(disk, guests.resolve("moved"));
        Files.writeString(disk, "another");

        assertLeft(depart(disk, second, kernel), disk, "no longer the file");
        assertThat(guests.resolve("moved")).exists();
    }

    @Test
    void readsAListWithoutIdentities() throws Exception {
        Files.writeString(home.resolve(".vmmig-files"), disk + "\n" + kernel + "\n");
        assertThat(depart(disk, kernel)).isEmpty();
        assertThat(disk).doesNotExist();
        assertThat(second).exists();
    }

    @Test
    void touchesNothingWhileAnotherGuestComesThere() throws Exception {
        try (Claim claim = Claim.take(Claim.besides(home), "theirs", text -> true)) {
            assertLeft(depart(disk), home, "on its way");
            claim.release();
        }
        assertThat(disk).exists();
        depart(disk, second, kernel);
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void removesTheGuestsSocketsIfNobodyListens() throws Exception {
        Path dead = home.resolve("dead.sock");
        listening(dead).close();
        Path foreign = home.resolve("foreign.sock");
        listening(foreign).close();
        Path live = home.resolve("live.sock");
        Path plain = Files.writeString(home.resolve("plain.sock"), "a file");

        try (ServerSocketChannel server = listening(live)) {
            assertThat(server.isOpen()).isTrue();
            depart(disk, second, kernel, dead, live, plain);
        }

        assertThat(dead).doesNotExist();
        assertThat(foreign).exists();
        assertThat(live).exists();
        assertThat(plain).exists();
    }

    private static ServerSocketChannel listening(Path socket) throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        return server;
    }

    @Test
    void findsTheListOfAGuestWhoseDisksAreAllElsewhere() throws Exception {
        Path elsewhere = Files.writeString(guests.resolve("elsewhere.qcow2"), "disk");
        GuestFileList list = GuestFileList.in(home);
        list.add(elsewhere, FileIdentity.of(elsewhere));
        list.write();

        depart(elsewhere, home.resolve("serial-0.log"));

        assertThat(elsewhere).doesNotExist();
    }
}
