// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.libvirt.binding.LibvirtError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorsTest {
    @ParameterizedTest
    @CsvSource({
        "42, Domain not found, GUEST_UNKNOWN",
        "68, cannot acquire state change lock, GUEST_BUSY",
        "55, domain is not running, GUEST_NOT_RUNNING",
        "55, domain is already active, HYPERVISOR_FAILED",
        "1, load of migration failed, HYPERVISOR_FAILED",
    })
    void libvirtsNumbersBecomeProblemsInItsOwnWords(int code, String words, Problem problem) {
        HypervisorException e = Errors.of(new LibvirtError(code, words), "save web-1");
        assertThat(e.problem()).isEqualTo(problem);
        assertThat(e).hasMessageContaining("could not save web-1: " + words + " (libvirt error " + code + ")");
    }

    @Test
    void whatQemuCannotMoveIsNamedWithTheCure() {
        assertThat(Errors.of(new LibvirtError(67, "The vdagent chardev doesn't yet support migration"), "save web-1"))
                .hasMessageContaining("channel of type qemu-vdagent")
                .hasMessageContaining("10.1 or later");
    }

    @Test
    void aBrokenConnectionIsTheProblemWhateverTheError() {
        HypervisorException e =
                Errors.unreachable(new LibvirtError(1, "client socket is closed"), "save web-1", "Look.");
        assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_UNREACHABLE);
    }
}
