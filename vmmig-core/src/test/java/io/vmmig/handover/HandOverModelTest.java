// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.handover.HandOverModel.State;
import io.vmmig.handover.HandOverModel.Walk;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Never twice, and never lost for good, whatever fails and whenever. */
@Tag("once")
class HandOverModelTest {
    private static final HandOverModel PROCESSES_CRASH = new HandOverModel(false, true);
    private static final HandOverModel POWER_FAILS = new HandOverModel(true, true);

    @Test
    void theGuestNeverRunsTwice() {
        for (HandOverModel model : new HandOverModel[] {PROCESSES_CRASH, POWER_FAILS}) {
            Walk walk = model.walk(State::twice);
            assertThat(walk.states()).isGreaterThan(5_000);
            assertThat(walk.bad()).isEmpty();
        }
    }

    @Test
    void whateverCrashesTheGuestCanAlwaysRunAgainAndNothingIsLeftOpen() {
        assertThat(PROCESSES_CRASH
                        .hopeless(state -> state.once() && state.settled())
                        .bad())
                .isEmpty();
    }

    @Test
    void nobodyHasToLookUnlessAHostLosesItsPower() {
        assertThat(PROCESSES_CRASH.walk(State::left).bad()).isEmpty();
    }

    /** The guest may then have been lost with its host; but either that is known, or a person is told to look. */
    @Test
    void whereAHostLosesItsPowerAllIsSettledOrAPersonIsTold() {
        assertThat(POWER_FAILS
                        .hopeless(state -> state.settled() || state.left())
                        .bad())
                .isEmpty();
    }

    @Test
    void aModelWithABrokenPromiseRunsTheGuestTwice() {
        assertThat(new HandOverModel(false, false).walk(State::twice).bad()).isNotEmpty();
    }
}
