using System.Collections.Generic;

namespace Sosia.Jit.X64.Lowering;

/// <content>
/// The guest's flags between blocks. They stand in one of two forms: as the two flag words that the interpreter knows, or, where the host has just made the same
/// flags, as LAHF and SETO leave them in AX, which takes three instructions instead of ten. A block end chooses; who reads the other form has it
/// converted once.
/// </content>
public sealed unsafe partial class BlockLowering
{
    private readonly List<(Label Stub, Label Back, bool IntoWords)> _flagStubs = [];
    private EndFlagKind _endKind;
    private int _endA;
    private int _endB;
    private int _endWidth;
    private bool _needsFlagWords;

    private enum EndFlagKind : byte
    {
        None,
        Words,
        Difference,
        Sum,
        Logic,
        Stored,
    }

    private bool IsFlagSlot(in IrInstruction instruction)
        => instruction.Op == IrOp.ReadSlot && ((int)instruction.Immediate == _layout.FlagResultSlot || (int)instruction.Immediate == _layout.FlagCarriesSlot);

    // Decides how the block leaves the flags.
    private void PrepareFlags()
    {
        _flagStubs.Clear();
        _needsFlagWords = false;
        int result = _ir.EndFlagResult;
        int carries = _ir.EndFlagCarries;
        _endKind = result < 0 && carries < 0 ? EndFlagKind.None : EndFlagKind.Words;
        if (result < 0 || carries < 0)
        {
            // Half of the words is the state's.
            _needsFlagWords = _endKind == EndFlagKind.Words;
            return;
        }

        if (_ir.EndStoredFlags >= 0)
        {
            (_endKind, _endA, _endB) = (EndFlagKind.Stored, _ir.EndStoredFlags, -1);
            return;
        }

        ref IrInstruction extended = ref _ir[result];
        int width = extended.Op == IrOp.SignExtend ? extended.Width : 64;
        int plain = _ir.WithoutExtension(result, width);
        ref IrInstruction made = ref _ir[carries];
        _endWidth = width;
        if (made.Op == IrOp.Constant && made.Immediate == 0)
        {
            (_endKind, _endA, _endB) = (EndFlagKind.Logic, plain, -1);
        }
        else if (made.Op == IrOp.SubtractCarries && made.Width == width && made.C == plain && _ir.IsDifference(plain, made.A, made.B, width))
        {
            (_endKind, _endA, _endB) = (EndFlagKind.Difference, made.A, made.B);
        }
        else if (made.Op == IrOp.AddCarries && made.Width == width && made.C == plain && _ir.IsSum(plain, made.A, made.B, width))
        {
            (_endKind, _endA, _endB) = (EndFlagKind.Sum, made.A, made.B);
        }
    }

    private void UseEndFlags(int at)
    {
        if (_endKind is EndFlagKind.None or EndFlagKind.Words)
        {
            Use(_ir.EndFlagResult, at);
            Use(_ir.EndFlagCarries, at);
        }
        else
        {
            Use(_endA, at);
            Use(_endB, at);
        }
    }

    // Blocks that read a flag word, or leave only one of them, want the words to be there.
    private void RequireFlagWords()
    {
        for (int i = 0; i < _ir.Count && !_needsFlagWords; i++)
        {
            _needsFlagWords = _needed[i] && IsFlagSlot(_ir[i]);
        }

        if (_needsFlagWords)
        {
            Label stub = _a.NewLabel();
            Label back = _a.NewLabel();
            _a.Alu(AluOperation.Cmp, 16, HostFlags, 0);
            _a.Jcc(Condition.NotZero, stub);
            _a.Bind(back);
            _flagStubs.Add((stub, back, true));
        }
    }

    private Mem HostFlags => State(_layout.SaveArea + GuestLayout.HostFlagsOffset);

    private void StoreEndFlags()
    {
        switch (_endKind)
        {
            case EndFlagKind.None:
                return;
            case EndFlagKind.Words:
                StoreFlags(_ir.EndFlagResult, _ir.EndFlagCarries);
                _locked = 0;
                return;
            case EndFlagKind.Stored:
                Gpr stored = Register(_endA);
                Gpr shifted = Take();
                _a.Mov(32, shifted, stored);
                _a.Shift(ShiftOperation.Shl, 32, shifted, 8);
                _a.Mov(16, HostFlags, shifted);
                ForgetFlags();
                _locked = 0;
                return;
            case EndFlagKind.Difference:
                EmitComparison(_endA, _endB, _endWidth, Condition.Overflow);
                break;
            case EndFlagKind.Logic:
                EmitComparison(_endA, -1, _endWidth, Condition.Overflow);
                break;
            default:
                EmitSum();
                break;
        }

        // None of this touches the host's flags, which the branch may use next.
        TakeThis(Gpr.Rax);
        StoreHostFlags();
        _locked = 0;
    }

    private void StoreHostFlags()
    {
        _a.Lahf();
        _a.Setcc(Condition.Overflow, Gpr.Rax);
        _a.Mov(16, HostFlags, Gpr.Rax);
    }

    private void EmitSum()
    {
        Gpr x = Register(_endA);
        bool hasImmediate = TryImmediate(_endB, _endWidth, out int immediate);
        Gpr y = hasImmediate ? Gpr.Rsp : Register(_endB);
        Gpr sum = Take();
        _a.Mov(64, sum, x);
        if (hasImmediate)
        {
            _a.Alu(AluOperation.Add, _endWidth, sum, immediate);
        }
        else
        {
            _a.Alu(AluOperation.Add, _endWidth, sum, y);
        }

        SetFlagSource(FlagSource.Sum, _ir.WithoutExtension(_ir.EndFlagResult, _endWidth), -1, _endWidth);
    }

    private void StoreFlags(int result, int carries)
    {
        if (result >= 0)
        {
            StoreValue(_layout.SlotOffsets[_layout.FlagResultSlot], result);
        }

        if (carries >= 0)
        {
            StoreValue(_layout.SlotOffsets[_layout.FlagCarriesSlot], carries);
        }

        if (result >= 0 || carries >= 0)
        {
            _a.Mov(32, HostFlags, 0);
        }
    }

    // Brings the flags that the guest had when the block began into the host's.
    private void EmitEntryFlags()
    {
        if (_flagSource == FlagSource.Entry)
        {
            return;
        }

        TakeThis(Gpr.Rax);
        Label stub = _a.NewLabel();
        Label back = _a.NewLabel();
        _a.Movzx(32, Gpr.Rax, 16, HostFlags);
        _a.Test(32, Gpr.Rax, Gpr.Rax);
        _a.Jcc(Condition.Zero, stub);
        _a.Bind(back);
        _flagStubs.Add((stub, back, false));
        // 1 + 127 overflows a byte, 0 + 127 does not.
        _a.Alu(AluOperation.Add, 8, Gpr.Rax, 127);
        _a.Sahf();
        SetFlagSource(FlagSource.Entry, -1, -1, 0);
        _locked &= ~(1u << (int)Gpr.Rax);
    }

    private void EmitFlagStubs()
    {
        foreach ((Label stub, Label back, bool intoWords) in _flagStubs)
        {
            _a.Bind(stub);
            _a.Call(intoWords ? _thunks.FlagsIntoWords : _thunks.FlagsFromWords);
            if (!intoWords && _needsFlagWords)
            {
                // A half of the words may be in a register already: another pair that means the same must not take the place of the other half.
                _a.Mov(32, HostFlags, 0);
            }

            _a.Jmp(back);
        }
    }
}
