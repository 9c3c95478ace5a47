/** Who a host is, which hosts it trusts, and what it seals and signs. */
@org.jspecify.annotations.NullMarked
module io.vmmig.crypto {
    requires transitive io.vmmig.core;
    requires com.google.gson;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;
    requires org.slf4j;

    exports io.vmmig.crypto;
}
