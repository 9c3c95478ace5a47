// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.state.HostState;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is removed of an arrival that fails, and what is not. */
class ArrivalFilesTest {
    @TempDir
    private Path directory;

    private final OtherGuests others = new OtherGuests();
    private Path guests;
    private Path home;
    private Path disk;
    private Path log;
    private Path socket;
    private HostState state;

    @BeforeEach
    void open() throws Exception {
        state = HostState.open(directory.resolve("state"));
        guests = Files.createDirectory(directory.resolve("guests"));
        home = guests.resolve("web-1");
        disk = home.resolve("vda.0.qcow2");
        log = home.resolve("serial-0.log");
        socket = home.resolve("agent.sock");
    }

    private ArrivalJournal journal() throws Exception {
        return ArrivalJournal.begin(
                state,
                new ArrivalJournal.Facts(
                        UUID.randomUUID(),
                        "web-1",
                        UUID.randomUUID(),
                        true,
                        home,
                        List.of(disk),
                        List.of(log, socket),
                        List.of(),
                        "host-a",
                        Optional.empty(),
                        true,
                        Instant.now()));
    }

    private static ServerSocketChannel listening(Path socket) throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        return server;
    }

    @Test
    void discardsWhatItHasMadeAndWhatItsHypervisorHasMade() throws Exception {
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            assertThat(Files.getPosixFilePermissions(home)).isEqualTo(PosixFilePermissions.fromString("rwx--x--x"));
            files.create(disk);
            assertThat(Files.getPosixFilePermissions(disk)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
            files.list();
            Files.writeString(disk, "disk");
            Files.writeString(log, "made by QEMU");
            listening(socket).close();

            files.discard(others);
        }
        assertThat(guests).isEmptyDirectory();
    }

    /** The claims of the two would not let it come to this, but what is somebody else's must stay whatever happens. */
    @Test
    void leavesWhatSomebodyElseHasMadeMeanwhile() throws Exception {
        Path other = home.resolve("vdb.0.qcow2");
        Path theirs = home.resolve("notes.txt");
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            files.create(disk);
            // A user takes our disk away, and has another one of the same name.
            Files.move(disk, home.resolve("kept"));
            Files.writeString(disk, "theirs");
            Files.writeString(other, "another receiver's");
            Files.writeString(theirs, "a user's");
            others.using("clone", log);
            Files.writeString(log, "another guest's");

            files.discard(others);
        }
        assertThat(disk).hasContent("theirs");
        assertThat(other).exists();
        assertThat(theirs).exists();
        assertThat(log).exists();
    }

    @Test
    void leavesASocketOnWhichSomebodyListens() throws Exception {
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            try (ServerSocketChannel server = listening(socket)) {
                files.discard(others);
                assertThat(server.isOpen()).isTrue();
            }
        }
        assertThat(socket).exists();
    }

    @Test
    void leavesADirectoryThatWasThere() throws Exception {
        Files.createDirectory(home);
        Path old = Files.writeString(home.resolve("old.log"), "kept");
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            files.create(disk);
            files.discard(others);
        }
        assertThat(PrivateFiles.list(home)).containsExactly(old);
        Files.delete(old);
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            files.discard(others);
        }
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void keepsTheListOfAnEarlierGuestOfThatName() throws Exception {
        Path earlier = home.resolve("vdb.0.qcow2");
        Files.createDirectory(home);
        Files.writeString(earlier, "disk");
        Files.writeString(home.resolve(".vmmig-files"), earlier + "\n");
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            files.create(disk);
            files.list();
            assertThat(GuestFileList.in(home).paths()).containsExactlyInAnyOrder(earlier, disk);
            files.discard(others);
        }
        assertThat(GuestFileList.in(home).paths()).containsExactly(earlier);
        assertThat(earlier).exists();
        assertThat(disk).doesNotExist();
    }

    /** As a recovery does it, in another process. */
    @Test
    void knowsItsFilesAgainAfterACrash() throws Exception {
        UUID packageId;
        try (ArrivalJournal journal = journal()) {
            packageId = journal.facts().packageId();
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            files.create(disk);
        }
        // One that has no name yet when the crash comes.
        Files.createFile(home.resolve(".vmmig-new-" + packageId + "-1"));
        try (ArrivalJournal journal =
                ArrivalJournal.open(ArrivalJournal.all(state).get(0)).orElseThrow()) {
            new ArrivalFiles(journal).discard(others);
        }
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void neverWritesToAFileThatIsThere() throws Exception {
        Files.createDirectory(home);
        Files.writeString(disk, "precious");
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            assertThatThrownBy(() -> files.create(disk))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DISK_IN_USE));
            files.discard(others);
        }
        assertThat(disk).hasContent("precious");
        assertThat(PrivateFiles.list(home)).containsExactly(disk);
    }

    /** Otherwise a host whose libvirt is gone would keep a log of each guest that failed to come. */
    @Test
    void discardsItsLogThoughOtherGuestsCannotBeLookedAt() throws Exception {
        try (ArrivalJournal journal = journal()) {
            ArrivalFiles files = new ArrivalFiles(journal);
            files.makeDirectory();
            Files.writeString(log, "made by QEMU");
            files.discard(others.failing(1));
        }
        assertThat(guests).isEmptyDirectory();
    }
}
