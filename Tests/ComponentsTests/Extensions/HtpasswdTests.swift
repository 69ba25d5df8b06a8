import Testing

@testable import Components

@Suite struct HtpasswdTests {
    /// All of them of the password "secret".
    static let hashes = [
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "$apr1$J0wmHThO$fIemsO..yZ3g/DpU/eLzZ0",
        "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
        "$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00",
        "{SSHA}KnpQ4g1j1OR0Fb9Lksze2BcmJdZhYmNkMTIzNA==",
        "secret",
    ]

    func login(_ password: String, user: String = "alice") -> BasicCredentials {
        BasicCredentials(user: user, password: Array(password.utf8))
    }

    @Test(arguments: hashes) func theRightPasswordIsRecognizedInEveryFormat(hash: String) throws {
        let table = try Htpasswd("# users\n\nalice:\(hash)\r\n")
        #expect(table.check(login("secret")))
        for wrong in ["", "Secret", "secret2", "secre", "secret\0", hash] where wrong != "secret" {
            #expect(!table.check(login(wrong)), "\(wrong)")
        }
        #expect(!table.check(login("secret", user: "bob")))
    }

    @Test(arguments: [
        "alice", ":secret", "alice:$apr1$x", "alice:$2y$05$short", "alice:{SHA}AAAA", "alice:$9$what", "alice:{MD5}x",
        "alice:$2y$13$abcdefghijklmnopqrstuuGXSaxyzabcdefghijklmnopqrstuvwxyz012345",
        "alice:$6$rounds=999999999$salt$hash",
    ])
    func aLineThatCannotBeUsedIsAnErrorWithoutItsContent(line: String) {
        let error = #expect(throws: AuthenticationFileError.self) { try Htpasswd("bob:x\n\(line)") }
        #expect(error?.description.hasPrefix("line 2: ") == true)
        for part in line.split(separator: ":").dropFirst() { #expect(error?.description.contains(part) == false) }
    }

    @Test func anEmptyTableKnowsNobody() throws {
        #expect(try !Htpasswd("").check(login("secret")))
    }

    @Test func whatWasFoundOutIsRemembered() throws {
        var table = try Htpasswd("alice:secret")
        #expect(table.known(login("secret")) == nil)
        table.remember(login("secret"), isRight: true)
        table.remember(login("wrong"), isRight: false)
        #expect(table.known(login("secret")) == true)
        #expect(table.known(login("wrong")) == false)
        #expect(table.known(login("other")) == nil)
        #expect(table.known(login("secret", user: "bob")) == nil)
    }

    @Test func wrongLoginsAreForgottenAgain() throws {
        var table = try Htpasswd("alice:secret")
        for number in 0..<1000 { table.remember(login("\(number)"), isRight: false) }
        #expect(table.known(login("0")) == nil)
        #expect(table.known(login("999")) == false)
    }

    @Test func checksThatFailMayTakeAQuarterOfTheTime() {
        var budget = CheckBudget()
        let start = ContinuousClock.now
        let first = budget.allows(start)
        budget.spend(.seconds(1), start)
        let (atOnce, later) = (budget.allows(start), budget.allows(start + .seconds(1)))
        #expect(first && !atOnce && later)
    }
}
