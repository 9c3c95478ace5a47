// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/**
 * A real guest for each test, and what is to be left of a test: nothing. A guest that has come through one test is there for the
 * next, since booting takes longer than most tests.
 */
abstract class RealGuests {
    static final int MEMORY_MIB = 160;
    static final int FILL_MIB = 16;

    /** By whether they are persistent. */
    private static final Map<Boolean, LabGuest> GUESTS = new HashMap<>();

    Path scratch;
    LabGuest lab;
    LibvirtHypervisor hypervisor;

    abstract String uri();

    abstract Connection connection();

    @BeforeEach
    void makeScratch() throws Exception {
        scratch = Files.createTempDirectory(Path.of("/tmp"), "vmmig-it");
    }

    @AfterEach
    void removeAll(TestInfo test) throws Exception {
        if (hypervisor != null) {
            hypervisor.close();
        }
        List<Path> left;
        try (Stream<Path> files = Files.walk(scratch)) {
            left = files.filter(file -> file.startsWith(work()) && !file.equals(work()))
                    .toList();
        }
        Lab.delete(scratch);
        assertThat(left)
                .as("left in the work directory by " + test.getDisplayName())
                .isEmpty();
    }

    void start(boolean persistent) throws Exception {
        hypervisor = LibvirtHypervisor.connect(uri(), options());
        lab = GUESTS.get(persistent);
        if (lab != null) {
            lab.use(connection());
            if (!lives(persistent)) {
                GUESTS.remove(persistent).close();
                lab = null;
            }
        }
        if (lab == null) {
            String name = persistent ? "kept-guest" : "guest";
            lab = LabGuest.boot(connection(), name, MEMORY_MIB, FILL_MIB, persistent);
            GUESTS.put(persistent, lab);
        }
    }

    private boolean lives(boolean persistent) throws VmmigException {
        if (hypervisor.guests().stream().noneMatch(guest -> guest.name().equals(lab.name))) {
            return false;
        }
        Guest guest = hypervisor.guest(lab.name);
        return guest.state() == GuestState.RUNNING && guest.persistent() == persistent;
    }

    /** To be called after the last test of a class. */
    static void endGuests(Connection connection) throws Exception {
        for (LabGuest guest : GUESTS.values()) {
            guest.use(connection);
            guest.close();
        }
        GUESTS.clear();
    }

    LibvirtOptions options() throws Exception {
        return LibvirtOptions.defaults().withWorkDirectory(Files.createDirectories(work()));
    }

    private Path work() {
        return scratch.resolve("work");
    }

    static void assertProblem(Problem problem, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                .as(e.getMessage())
                .isEqualTo(problem));
    }

    static long drain(SavedGuest saved, Path file) throws Exception {
        try (OutputStream out = Files.newOutputStream(file)) {
            return saved.memory().transferTo(out);
        }
    }

    static RestoringGuest feed(RestoringGuest restoring, Path file, long bytes) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[64 << 10];
            long left = bytes;
            while (left > 0) {
                int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                restoring.memory().write(buffer, 0, n);
                left -= n;
            }
        }
        return restoring;
    }
}
