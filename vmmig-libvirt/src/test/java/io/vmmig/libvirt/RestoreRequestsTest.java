// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.hypervisor.RestoreRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestoreRequestsTest {
    @ParameterizedTest
    @CsvSource({
        "<cookie/>, <cookie>\\n  <slirpHelper/>\\n</cookie>, true",
        "<cookie></cookie>, <cookie/>, true",
        "<cookie><cpu/></cookie>, <cookie>\\n  <cpu/>\\n</cookie>, true",
        ", , true",
        "<cookie/>, , false",
        "<cookie/>, <cookie><cpu/></cookie>, false"
    })
    void cookiesThatMeanTheSameAreTheSame(@Nullable String one, @Nullable String other, boolean alike) {
        assertThat(essence(one).equals(essence(other))).isEqualTo(alike);
    }

    private static RestoreRequest essence(@Nullable String cookie) {
        String text = cookie == null ? null : cookie.replace("\\n", "\n");
        return LibvirtHypervisor.essence(new RestoreRequest("<domain/>", text, false));
    }
}
