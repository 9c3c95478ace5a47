// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.report.Notice;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LateChangesTest {
    private static final String XML = "<domain>\n  <name>web-1</name>\n  <vcpu>1</vcpu>\n</domain>\n";

    private static GuestInventory inventory(@Nullable String definition, LocalState... states) {
        return new GuestInventory(definition, false, List.of(states));
    }

    @Test
    void whatIsAsItWasIsNoChangeWhateverTheAutostart() {
        assertThat(LateChanges.between(new GuestInventory(XML, true, List.of()), inventory(XML)))
                .isEmpty();
        assertThat(LateChanges.between(inventory(null), inventory(null))).isEmpty();
    }

    @Test
    void aChangedDefinitionIsToldByWhatDiffers() {
        assertThat(LateChanges.between(inventory(XML), inventory(XML.replace("<vcpu>1<", "<vcpu>2<"))))
                .singleElement()
                .satisfies(notice -> {
                    assertThat(notice.kind()).isEqualTo(Notice.Kind.INTERFERENCE);
                    assertThat(notice.text()).contains("without <vcpu>1</vcpu>, with <vcpu>2</vcpu> at the source");
                });
    }

    @Test
    void aDefinitionThatCameOrWentIsTold() {
        assertThat(LateChanges.between(inventory(null), inventory(XML)))
                .extracting(Notice::text)
                .singleElement()
                .asString()
                .startsWith("the guest was defined at the source");
        assertThat(LateChanges.between(inventory(XML), inventory(null)))
                .extracting(Notice::text)
                .singleElement()
                .asString()
                .startsWith("the guest was undefined at the source");
    }

    @Test
    void aSnapshotThatWasMadeTooLateIsTold() {
        LocalState old = new LocalState(LocalState.Kind.SNAPSHOT, "old");
        LocalState late = new LocalState(LocalState.Kind.SNAPSHOT, "late");
        assertThat(LateChanges.between(inventory(XML, old), inventory(XML, old, late)))
                .extracting(Notice::text)
                .singleElement()
                .asString()
                .contains("late")
                .contains("was made");
    }
}
