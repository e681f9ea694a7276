using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>
/// The machine-check architecture (SDM vol. 3, chapter 15) of a processor whose hardware never fails: banks that can be enabled and
/// never report, and no exception 18.
/// </content>
public sealed unsafe partial class X86Cpu
{
    /// <summary>How many banks of error-reporting registers there are (IA32_MCG_CAP[7:0]).</summary>
    public const int MachineCheckBankCount = 10;

    // The number of banks; IA32_MCG_CTL exists.
    private const ulong MachineCheckCap = MachineCheckBankCount | (1 << 8);

    // RIPV, EIPV, MCIP.
    private const ulong MachineCheckStatusWritable = 7;

    private bool TryReadMachineCheck(uint index, out ulong value)
    {
        X86State* st = State;
        value = 0;
        switch (index)
        {
            case Msr.MachineCheckCap:
                value = MachineCheckCap;
                return true;
            case Msr.MachineCheckStatus:
                value = st->MachineCheckStatus;
                return true;
            case Msr.MachineCheckControl:
                value = st->MachineCheckControl;
                return true;
            case >= Msr.MachineCheckBanksFirst and < Msr.MachineCheckBanksFirst + (4 * MachineCheckBankCount):
                uint register = index - Msr.MachineCheckBanksFirst;
                // IA32_MCi_STATUS, _ADDR and _MISC hold an error, and there never is one.
                value = (register & 3) == 0 ? st->MachineCheckBankControl[register >> 2] : 0;
                return true;
            default:
                return false;
        }
    }

    private bool TryWriteMachineCheck(uint index, ulong value)
    {
        X86State* st = State;
        switch (index)
        {
            case Msr.MachineCheckStatus:
                return Assign(ref st->MachineCheckStatus, value, (value & ~MachineCheckStatusWritable) == 0);
            case Msr.MachineCheckControl:
                return Assign(ref st->MachineCheckControl, value, true);
            case >= Msr.MachineCheckBanksFirst and < Msr.MachineCheckBanksFirst + (4 * MachineCheckBankCount):
                uint register = index - Msr.MachineCheckBanksFirst;
                // The registers of an error can be cleared, not set (15.3.2.2 to 15.3.2.4).
                return (register & 3) == 0 ? Assign(ref st->MachineCheckBankControl[register >> 2], value, true) : value == 0;
            default:
                return false;
        }
    }
}
