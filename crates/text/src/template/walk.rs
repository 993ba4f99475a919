//! One walk over a template's tree, collecting what the other rooms need to know.
//!
//! Scopes follow the engine: loops, `with`, macros and blocks have their own; `if` has none. A name set
//! in one branch of an `if` counts as set afterwards, because setting it in both branches is common; if
//! the other branch ran, rendering fails on the undefined name.

use std::collections::BTreeSet;

use minijinja::machinery::{Span, ast};

use super::bounds::offsets;

/// Names that the engine provides.
pub(super) const PROVIDED: &[&str] = &["range", "dict", "self"];

/// A word and its byte offset in the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

/// An operator that can make something bigger than its operands: where the expression begins and ends,
/// and where its left operand ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    pub(super) start: usize,
    pub(super) left_end: usize,
    pub(super) end: usize,
    /// The filter that stands in for the operator.
    pub(super) filter: &'static str,
}

/// What one walk found.
#[derive(Debug, Default)]
pub(super) struct Findings<'a> {
    /// Names that are neither set by the template nor provided, at their first use.
    pub(super) undeclared: Vec<Word<'a>>,
    /// Filters, at every use.
    pub(super) filters: Vec<Word<'a>>,
    /// Tests (`is ...`), at every use.
    pub(super) tests: Vec<Word<'a>>,
    /// `+`, `*` and `~`.
    pub(super) growths: Vec<Growth>,
    /// Tags that lead out of the template.
    pub(super) leads_out: Vec<Word<'static>>,
    /// Literal texts, in the source's order.
    pub(super) texts: Vec<&'a str>,
    /// Longest literal text in a loop, macro or block, in bytes: each of the engine's steps may write it.
    pub(super) longest_repeated: usize,
}

/// Walks the whole tree.
pub(super) fn walk<'a>(tree: &ast::Stmt<'a>) -> Findings<'a> {
    let mut walk = Walk { scopes: vec![BTreeSet::new()], repeated: 0, found: Findings::default() };
    walk.statement(tree);
    walk.found
}

struct Walk<'a> {
    scopes: Vec<BTreeSet<&'a str>>,
    /// How many loops, macros and blocks are around.
    repeated: usize,
    found: Findings<'a>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, name: &'a str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    fn assign(&mut self, target: &ast::Expr<'a>) {
        match target {
            ast::Expr::Var(name) => self.set(name.id),
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            other => self.expression(other),
        }
    }

    /// A part with names of its own, which may run many times.
    fn repeated(&mut self, part: impl FnOnce(&mut Self)) {
        self.scopes.push(BTreeSet::new());
        self.repeated += 1;
        part(self);
        self.repeated -= 1;
        self.scopes.pop();
    }

    fn statements(&mut self, body: &[ast::Stmt<'a>]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &ast::Stmt<'a>) {
        match statement {
            ast::Stmt::Template(template) => self.statements(&template.children),
            ast::Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            ast::Stmt::EmitRaw(raw) => {
                self.found.texts.push(raw.raw);
                if self.repeated > 0 {
                    self.found.longest_repeated = self.found.longest_repeated.max(raw.raw.len());
                }
            }
            ast::Stmt::ForLoop(each) => self.for_loop(each),
            ast::Stmt::IfCond(cond) => {
                self.expression(&cond.expr);
                self.statements(&cond.true_body);
                self.statements(&cond.false_body);
            }
            ast::Stmt::WithBlock(with) => {
                self.scopes.push(BTreeSet::new());
                for (target, value) in &with.assignments {
                    self.expression(value);
                    self.assign(target);
                }
                self.statements(&with.body);
                self.scopes.pop();
            }
            ast::Stmt::Set(set) => {
                self.expression(&set.expr);
                self.assign(&set.target);
            }
            ast::Stmt::SetBlock(set) => {
                self.statements(&set.body);
                set.filter.iter().for_each(|filter| self.expression(filter));
                self.assign(&set.target);
            }
            ast::Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled);
                self.statements(&escape.body);
            }
            ast::Stmt::FilterBlock(block) => {
                self.statements(&block.body);
                self.expression(&block.filter);
            }
            ast::Stmt::Block(block) => self.repeated(|walk| {
                walk.set("super");
                walk.statements(&block.body);
            }),
            ast::Stmt::Macro(declared) => {
                self.set(declared.name);
                self.macro_body(declared);
            }
            ast::Stmt::CallBlock(call) => {
                self.call(&call.call);
                self.macro_body(&call.macro_decl);
            }
            ast::Stmt::Do(action) => self.call(&action.call),
            ast::Stmt::Import(tag) => self.leads_out("import", tag.span()),
            ast::Stmt::FromImport(tag) => self.leads_out("from", tag.span()),
            ast::Stmt::Extends(tag) => self.leads_out("extends", tag.span()),
            ast::Stmt::Include(tag) => self.leads_out("include", tag.span()),
        }
    }

    fn leads_out(&mut self, text: &'static str, span: Span) {
        self.found.leads_out.push(Word { text, offset: offsets(span).0 });
    }

    fn for_loop(&mut self, each: &ast::ForLoop<'a>) {
        self.expression(&each.iter);
        self.repeated(|walk| {
            walk.assign(&each.target);
            walk.set("loop");
            each.filter_expr.iter().for_each(|filter| walk.expression(filter));
            walk.statements(&each.body);
        });
        self.scopes.push(BTreeSet::new());
        self.statements(&each.else_body);
        self.scopes.pop();
    }

    fn macro_body(&mut self, declared: &ast::Macro<'a>) {
        declared.defaults.iter().for_each(|default| self.expression(default));
        self.repeated(|walk| {
            walk.set("caller");
            declared.args.iter().for_each(|argument| walk.assign(argument));
            walk.statements(&declared.body);
        });
    }

    fn call(&mut self, call: &ast::Call<'a>) {
        self.expression(&call.expr);
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'a>]) {
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value)
                | ast::CallArg::Kwarg(_, value)
                | ast::CallArg::PosSplat(value)
                | ast::CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }

    fn expressions<'e>(&mut self, parts: impl IntoIterator<Item = &'e ast::Expr<'a>>)
    where
        'a: 'e,
    {
        parts.into_iter().for_each(|part| self.expression(part));
    }

    fn expression(&mut self, expression: &ast::Expr<'a>) {
        match expression {
            ast::Expr::Var(name) => self.name(name.id, name.span()),
            ast::Expr::Const(_) => {}
            ast::Expr::Slice(slice) => {
                self.expression(&slice.expr);
                self.expressions([&slice.start, &slice.stop, &slice.step].into_iter().flatten());
            }
            ast::Expr::UnaryOp(unary) => self.expression(&unary.expr),
            ast::Expr::BinOp(binary) => {
                self.growth(binary, binary.span());
                self.expressions([&binary.left, &binary.right]);
            }
            ast::Expr::Compare(compare) => {
                self.expression(&compare.expr);
                self.expressions(compare.ops.iter().map(|op| &op.expr));
            }
            ast::Expr::IfExpr(choice) => {
                self.expressions([&choice.test_expr, &choice.true_expr]);
                self.expressions(&choice.false_expr);
            }
            ast::Expr::Filter(filter) => {
                self.expressions(&filter.expr);
                let word = named(filter.name, filter.expr.as_ref(), filter.span());
                self.found.filters.push(word);
                self.arguments(&filter.args);
            }
            ast::Expr::Test(test) => {
                self.expression(&test.expr);
                self.found.tests.push(named(test.name, Some(&test.expr), test.span()));
                self.arguments(&test.args);
            }
            ast::Expr::GetAttr(attribute) => self.expression(&attribute.expr),
            ast::Expr::GetItem(item) => self.expressions([&item.expr, &item.subscript_expr]),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::List(list) => self.expressions(&list.items),
            ast::Expr::Tuple(tuple) => self.expressions(&tuple.items),
            ast::Expr::Map(map) => self.expressions(map.keys.iter().chain(&map.values)),
        }
    }

    fn name(&mut self, name: &'a str, span: Span) {
        let known = PROVIDED.contains(&name)
            || self.scopes.iter().any(|scope| scope.contains(name))
            || self.found.undeclared.iter().any(|word| word.text == name);
        if !known {
            self.found.undeclared.push(Word { text: name, offset: offsets(span).0 });
        }
    }

    fn growth(&mut self, binary: &ast::BinOp<'a>, span: Span) {
        let filter = match binary.op {
            ast::BinOpKind::Add => super::filters::SUM,
            ast::BinOpKind::Mul => super::filters::PRODUCT,
            ast::BinOpKind::Concat => super::filters::JOINED,
            _ => return,
        };
        let (start, end) = offsets(span);
        let left_end = offsets(binary.left.span()).1;
        self.found.growths.push(Growth { start, left_end, end, filter });
    }
}

/// A filter or test; its name follows what it is applied to, or begins the span.
fn named<'a>(text: &'a str, subject: Option<&ast::Expr<'a>>, span: Span) -> Word<'a> {
    Word { text, offset: subject.map_or(offsets(span).0, |subject| offsets(subject.span()).1) }
}
