// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.LibvirtOptions.SaveMethod;
import io.vmmig.libvirt.binding.Connection;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** A real guest for each test, and what is to be left of it: nothing. */
abstract class RealGuests {
    static final int MEMORY_MIB = 160;
    static final int FILL_MIB = 16;

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
        if (lab != null) {
            lab.close();
        }
        try (Stream<Path> left = Files.walk(scratch)) {
            List<Path> files = left.sorted(java.util.Comparator.reverseOrder()).toList();
            List<Path> fifos = files.stream()
                    .filter(p -> p.toString().startsWith(scratch.resolve("work") + "/"))
                    .toList();
            for (Path file : files) {
                Files.delete(file);
            }
            assertThat(fifos)
                    .as("left in the work directory by " + test.getDisplayName())
                    .isEmpty();
        }
    }

    void start(SaveMethod method, boolean persistent) throws Exception {
        lab = LabGuest.boot(connection(), scratch, "it-guest", MEMORY_MIB, FILL_MIB, persistent);
        hypervisor = LibvirtHypervisor.connect(uri(), options().withSaveMethod(method));
    }

    Path scratch() {
        return scratch;
    }

    LibvirtOptions options() throws Exception {
        return LibvirtOptions.defaults().withWorkDirectory(Files.createDirectories(scratch.resolve("work")));
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
