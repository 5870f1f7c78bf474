package extract_test

import "testing"

func TestASettingWithoutAMutexNamesNone(t *testing.T) {
	holds(t, map[string]string{
		`"Mutex": "-",`:                            "",
		`'Use a mutex': True, 'Offline': True`:     "",
		`'Mutex': b'mKsWHTbK', 'Path': b'-'`:       "mutex:mKsWHTbK",
		`"Mutex": "hq8Zt1",`:                       "mutex:hq8Zt1",
		`Mutex: "QSR\_MUTEX\_NJPX1GKqO"`:           "mutex:QSR_MUTEX_NJPX1GKqO",
		"* `Mutex_sync`":                           "mutex:Mutex_sync",
		`a mutex with the name “OnceOnly” to`:      "mutex:OnceOnly",
		`CreateMutexA(0, 1, "Global\hq8Zt1")`:      `mutex:Global\hq8Zt1`,
		`Mutex: Global\{a58bb08a-85df-4191-824c}`:  `mutex:Global\{a58bb08a-85df-4191-824c}`,
		`kernel32\_CreateMutexW and advapi\_Reg`:   "",
		`it checks for the mutex and exits if one`: "",
	})
}

func TestAKeyOfTheRegistryGoesOnOverABlank(t *testing.T) {
	holds(t, map[string]string{
		`HKLM\SYSTEM\CurrentControlSet\Control\Print\Environments\Windows x64\Print Processors\lltdsvc1\Driver = “a”`: `registry-key:HKLM\SYSTEM\CurrentControlSet\Control\Print\Environments\Windows x64\Print Processors\lltdsvc1\Driver`,
		`HKCU\Software\Microsoft\Office test\Special\Perf`:                                                            `registry-key:HKCU\Software\Microsoft\Office test\Special\Perf`,
		`HKCU\Software\Acme\Cat and then HKCU\Software\Acme\Dog`:                                                      `registry-key:HKCU\Software\Acme\Cat, registry-key:HKCU\Software\Acme\Dog`,
		`HKCU\Software\Acme\Cat is written`:                                                                           `registry-key:HKCU\Software\Acme\Cat`,
	})
}

func TestAKeyThatIsDeletedOrGuardsOrIsEverywhereIsSetAside(t *testing.T) {
	holds(t, map[string]string{
		`reg delete "HKCR\Drive\shellex\ContextMenuHandlers\EPP" /f`:                             `registry-key:HKCR\Drive\shellex\ContextMenuHandlers\EPP (key that a command deletes)`,
		`reg  add "HKLM\Software\Policies\Microsoft\Windows Defender\SpyNet" /v "A"`:             `registry-key:HKLM\Software\Policies\Microsoft\Windows Defender\SpyNet (key of what guards the system)`,
		`reg add HKLM\SYSTEM\CurrentControlSet\Control\Safeboot\Network\irnagentd /f`:            `registry-key:HKLM\SYSTEM\CurrentControlSet\Control\Safeboot\Network\irnagentd`,
		`HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa\ and`:                           `registry-key:HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa\ (key that every system has)`,
		`HKCU\Software\Microsoft\Windows\CurrentVersion\Run`:                                     `registry-key:HKCU\Software\Microsoft\Windows\CurrentVersion\Run (key that every system has)`,
		`HKCU\Software\Microsoft\Windows\CurrentVersion\Run\LastEnum`:                            `registry-key:HKCU\Software\Microsoft\Windows\CurrentVersion\Run\LastEnum`,
		`HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\Path to delete HKCU\Soft\Thing`: `registry-key:HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\Path, registry-key:HKCU\Soft\Thing`,
	})
}

func TestWhatAProductCallsADetectionIsNoFile(t *testing.T) {
	holds(t, map[string]string{
		"CVE-2021-1732 Win64/Agent.VB":     "vulnerability:CVE-2021-1732, file:Win64/Agent.VB (name of a detection)",
		"detected as WinGo/Runner.C here":  "file:WinGo/Runner.C (name of a detection)",
		"a flaw in src/agent.c of Cogs":    "file:src/agent.c",
		"a flaw in Linux/drivers/net.c of": "file:Linux/drivers/net.c",
	})
}

func TestTheSubjectOfACertificateHasAnAddressAndNoMore(t *testing.T) {
	holds(t, map[string]string{"C=CN/O=11/emailAddress=cogs@mail-drop.com": "email:cogs@mail-drop.com"})
}
