// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestDirectoryTest {
    @TempDir
    private Path guests;

    private static GuestDirectory.Occupied occupied(GuestDirectory directory, Path... files) throws Exception {
        GuestDirectory.Occupied occupied = directory.occupying(List.of(files));
        occupied.make();
        return occupied;
    }

    @Test
    void discardsAllThatCame() throws Exception {
        GuestDirectory directory = GuestDirectory.of(guests, "web-1");
        Path disk = directory.path().resolve("vda.0.qcow2");
        GuestDirectory.Occupied occupied = occupied(directory, disk);
        assertThat(Files.getPosixFilePermissions(directory.path()))
                .isEqualTo(PosixFilePermissions.fromString("rwx--x--x"));
        Files.writeString(disk, "disk");
        Files.writeString(directory.path().resolve("serial-0.log"), "made by QEMU");

        occupied.discard();

        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void discardsNothingThatWasThere() throws Exception {
        Path log = Files.createDirectory(guests.resolve("web-1")).resolve("old.log");
        Files.writeString(log, "kept");

        occupied(GuestDirectory.of(guests, "web-1")).discard();

        assertThat(guests.resolve("web-1")).isDirectoryContaining(log::equals);
        assertThat(log.getParent().toFile().list()).hasSize(1);
    }

    @Test
    void removesADepartedGuestsOwnFilesOnly() throws Exception {
        GuestDirectory directory = GuestDirectory.of(guests, "web-1");
        Path disk = directory.path().resolve("vda.0.qcow2");
        occupied(directory, disk);
        Files.writeString(disk, "disk");
        Path log = Files.writeString(directory.path().resolve("serial-0.log"), "the user may want it");
        Path base = Files.writeString(guests.resolve("base.qcow2"), "not vmmig's");

        GuestDirectory.removeDeparted(Set.of(disk, base));

        assertThat(disk).doesNotExist();
        assertThat(log).exists();
        assertThat(base).exists();
        GuestDirectory.requireFree(List.of(disk));
    }

    @Test
    void removesADepartedGuestsSocketsIfNobodyListens() throws Exception {
        GuestDirectory directory = GuestDirectory.of(guests, "web-1");
        Path disk = directory.path().resolve("vda.0.qcow2");
        occupied(directory, disk);
        Files.writeString(disk, "disk");
        Path dead = directory.path().resolve("dead.sock");
        listening(dead).close();
        Path live = directory.path().resolve("live.sock");
        Path plain = Files.writeString(directory.path().resolve("plain.sock"), "a file");

        try (ServerSocketChannel server = listening(live)) {
            assertThat(server.isOpen()).isTrue();
            GuestDirectory.removeDeparted(Set.of(disk));
        }

        assertThat(dead).doesNotExist();
        assertThat(live).exists();
        assertThat(plain).exists();
    }

    private static ServerSocketChannel listening(Path socket) throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        return server;
    }

    @Test
    void refusesFilesThatAreThere() throws Exception {
        Path disk = Files.writeString(guests.resolve("vda.0.qcow2"), "precious");
        assertThatThrownBy(() -> GuestDirectory.requireFree(List.of(disk)))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DISK_IN_USE))
                .hasMessageContaining(disk.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../x", "a/b", "a\nb", "-rf", ".hidden"})
    void refusesNamesThatAreNoPlainDirectory(String name) {
        assertThatThrownBy(() -> GuestDirectory.of(guests, name)).isInstanceOf(VmmigException.class);
    }
}
