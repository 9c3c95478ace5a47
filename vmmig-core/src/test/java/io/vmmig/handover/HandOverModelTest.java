// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.handover.HandOverModel.Acted;
import io.vmmig.handover.HandOverModel.State;
import io.vmmig.handover.HandOverModel.Walk;
import io.vmmig.handover.HandOverRules.Found;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Never twice, and never lost for good, whatever fails and whenever. */
@Tag("once")
class HandOverModelTest {
    private static final HandOverModel PROCESSES_CRASH = new HandOverModel(false, true);
    private static final HandOverModel PERSONS_ACT = HandOverModel.withPersons(true);
    private static final HandOverModel POWER_FAILS = new HandOverModel(true, true);

    @Test
    void theGuestNeverRunsTwice() {
        for (HandOverModel model : new HandOverModel[] {PROCESSES_CRASH, POWER_FAILS}) {
            Walk walk = model.walk(State::twice);
            assertThat(walk.states()).isGreaterThan(4_000);
            assertThat(walk.bad()).isEmpty();
        }
    }

    @Test
    void whateverCrashesTheGuestCanAlwaysRunAgainAndNothingIsLeftOpen() {
        assertThat(PROCESSES_CRASH
                        .hopeless(state -> state.once() && state.resolved())
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
                        .hopeless(state -> state.resolved() || state.left())
                        .bad())
                .isEmpty();
    }

    @Test
    void aGuestThatRanAtTheDestinationIsNotRemovedThere() {
        assertThat(PROCESSES_CRASH
                        .walk(state -> state.served() && state.atDestination() == Found.NOTHING)
                        .bad())
                .isEmpty();
    }

    /** Before the source has noted that it gives the guest away, what a person did to it there has the last word. */
    @Test
    void aGuestThatAPersonTouchedAtTheSourceIsNotGivenAway() {
        assertThat(PERSONS_ACT.walk(HandOverModelTest::isGivenAwayThoughTouched).bad())
                .isEmpty();
        assertThat(HandOverModel.withPersons(false)
                        .walk(HandOverModelTest::isGivenAwayThoughTouched)
                        .bad())
                .as("where nobody looks")
                .isNotEmpty();
    }

    private static boolean isGivenAwayThoughTouched(State state) {
        boolean touched = state.acted() == Acted.LET_RUN_AT_SOURCE || state.acted() == Acted.ENDED_AT_SOURCE;
        return touched && (state.recorded() == SourceState.COMMITTED || state.atDestination() == Found.RUNNING);
    }

    @Test
    void aGuestRunsTwiceOnlyIfAPersonHasResumedIt() {
        assertThat(PERSONS_ACT
                        .walk(state ->
                                state.twice() && !state.ranAtSource() && state.acted() != Acted.LET_RUN_AT_DESTINATION)
                        .bad())
                .isEmpty();
    }

    @Test
    void whateverAPersonDoesTheGuestRunsOnceAgainOrIsEndedAsTheyWishedOrAPersonIsTold() {
        assertThat(PERSONS_ACT
                        .hopeless(state -> state.left()
                                || (state.resolved() && (state.once() || (state.ended() && state.nowhere()))))
                        .bad())
                .isEmpty();
    }

    @Test
    void whatAGuestDidAtTheSourceBecauseAPersonLetItRunIsNeverDroppedInSilence() {
        assertThat(PERSONS_ACT
                        .walk(state -> state.ranAtSource() && state.atSource() == Found.NOTHING && !state.left())
                        .bad())
                .isEmpty();
    }

    @Test
    void aModelWithABrokenPromiseRunsTheGuestTwice() {
        assertThat(new HandOverModel(false, false).walk(State::twice).bad()).isNotEmpty();
    }
}
