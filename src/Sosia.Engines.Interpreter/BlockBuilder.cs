using System;
using Sosia.Core.Buses;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Interpreter;

/// <summary>Decodes guest code into blocks.</summary>
internal sealed unsafe class BlockBuilder
{
    /// <summary>The longest block.</summary>
    public const int MaxInstructions = 64;

    private const int MaxInstructionByteCount = 15;
    private const int PageSize = 4096;

    private readonly X86Cpu _cpu;
    private readonly BlockCache _cache;

    /// <summary>Creates a builder that enters its blocks in a cache.</summary>
    public BlockBuilder(X86Cpu cpu, BlockCache cache)
    {
        _cpu = cpu;
        _cache = cache;
    }

    /// <summary>Builds the block at a linear address, in guest RAM or elsewhere.</summary>
    /// <param name="linear">Linear address of the first instruction.</param>
    /// <param name="guestPhysical">What it translates to.</param>
    /// <param name="isCached">False when the block must not be used again: it crosses a page or lies outside RAM.</param>
    /// <returns>Null when fetching an instruction's second page faulted; the fault is recorded.</returns>
    public Block* Build(ulong linear, ulong guestPhysical, out bool isCached)
    {
        Block* block = _cache.Reserve();
        block->GuestPhysical = guestPhysical;
        block->Mode = _cpu.State->CodeMode;
        byte* page = _cpu.Memory.FindRamPage(guestPhysical, out ulong ramPageIndex, out _);
        // A code segment that ends nearby: one instruction at a time, each byte checked.
        isCached = page != null && (block->CodeBits == 64 || _cpu.State->Rip + (PageSize - 1 - (guestPhysical % PageSize)) <= _cpu.State->Cs.Limit);
        if (!isCached)
        {
            return BuildOne(block, linear);
        }

        _cache.BeginBuild(ramPageIndex);
        var ops = (Op*)(block + 1);
        int pageOffset = (int)(guestPhysical % PageSize);
        int start = pageOffset;
        int count = 0;
        bool ended = false;
        while (!ended && count < _cache.MaxBlockInstructions)
        {
            // SAFETY: page is the host address of a whole page of guest RAM.
            var bytes = new ReadOnlySpan<byte>(page + pageOffset, PageSize - pageOffset);
            DecodeStatus status = Decoder.Decode(bytes, block->CodeBits, _cpu.Model.Features, out DecodedInstruction instruction);
            if (status == DecodeStatus.NeedMoreBytes)
            {
                if (count == 0)
                {
                    isCached = false;
                    return BuildOne(block, linear);
                }

                break;
            }

            ended = status == DecodeStatus.TooLong
                ? LowerTooLong(&ops[count], pageOffset - start, count)
                : Lowering.Lower(instruction, &ops[count], pageOffset - start, count);
            // An undefined opcode's length is not known: it faults before that matters, but its first byte is code all the same.
            pageOffset += Math.Max(instruction.Length, 1);
            count++;
            if (pageOffset >= PageSize)
            {
                break;
            }
        }

        block->Count = (byte)count;
        block->ByteCount = (ushort)Math.Min(pageOffset - start, PageSize - start);
        int opCount = Terminate(ops, count, pageOffset - start, ended);
        _cache.Commit(block, opCount, ramPageIndex);
        return block;
    }

    /// <summary>The handler of every operation of a void block: the instruction is decoded anew.</summary>
    public static Op* LeaveVoidBlock(X86State* state, Op* op)
    {
        state->Exit = BlockExit.BeforeInstruction;
        return null;
    }

    // One instruction that crosses a page, or that lies outside RAM: built for one execution in the room reserved, and never entered.
    private Block* BuildOne(Block* block, ulong linear)
    {
        Span<byte> bytes = stackalloc byte[MaxInstructionByteCount];
        int available = 0;
        DecodedInstruction instruction = default;
        DecodeStatus status = DecodeStatus.NeedMoreBytes;
        MemoryBus memory = _cpu.Memory;
        while (status == DecodeStatus.NeedMoreBytes)
        {
            // Byte by byte, so that a fault on the second page is raised only when the instruction reaches it.
            ulong at = linear + (ulong)available;
            if (block->CodeBits != 64)
            {
                at = (uint)at;
                if (_cpu.State->Rip + (ulong)available > _cpu.State->Cs.Limit)
                {
                    _cpu.Fault(ExceptionVector.GeneralProtection, 0);
                    return null;
                }
            }

            if (!_cpu.TranslateFetch(at, out ulong guestPhysical))
            {
                return null;
            }

            bytes[available++] = (byte)memory.Read(guestPhysical, 1);
            status = Decoder.Decode(bytes[..available], block->CodeBits, _cpu.Model.Features, out instruction);
        }

        var ops = (Op*)(block + 1);
        bool ended = status == DecodeStatus.TooLong ? LowerTooLong(ops, 0, 0) : Lowering.Lower(instruction, ops, 0, 0);
        block->Count = 1;
        block->ByteCount = (ushort)available;
        Terminate(ops, 1, available, ended);
        return block;
    }

    private static int Terminate(Op* ops, int count, int byteCount, bool ended)
    {
        ops[count] = default;
        ops[count].Handler = &BlockEnd.FallThrough;
        ops[count].RipOffset = (ushort)byteCount;
        ops[count].IndexInBlock = (byte)(count - 1);
        return count + 1;
    }

    private static bool LowerTooLong(Op* op, int ripOffset, int indexInBlock)
    {
        *op = default;
        op->Handler = &RaiseTooLong;
        op->RipOffset = (ushort)ripOffset;
        op->IndexInBlock = (byte)indexInBlock;
        op->Length = MaxInstructionByteCount;
        return true;
    }

    private static Op* RaiseTooLong(X86State* state, Op* op)
    {
        X86Cpu.FromState(state).Fault(ExceptionVector.GeneralProtection, 0);
        return null;
    }
}
