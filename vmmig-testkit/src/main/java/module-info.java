// SPDX-License-Identifier: Apache-2.0
/** Contract suites for implementers of vmmig's interfaces, and in-memory ends for tests of programs that embed vmmig. */
@org.jspecify.annotations.NullMarked
module io.vmmig.testkit {
    requires transitive io.vmmig.core;
    requires transitive org.junit.jupiter.api;
    requires org.assertj.core;

    exports io.vmmig.testkit;
    exports io.vmmig.testkit.hostile;
}
