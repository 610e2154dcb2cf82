package syntax

// Inspect calls visit for n and, where visit returns true, for the nodes within it, in source
// order. Nil parts are not visited.
func Inspect(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	for _, child := range Children(n) {
		Inspect(child, visit)
	}
}

// Children are the nodes directly below n, in source order. Comments are not among them.
func Children(n Node) []Node {
	var c nodeList
	switch n := n.(type) {
	case *File:
		c.ident(n.Package)
		add(&c, n.Decls)
	case *ImportDecl:
		c.ident(n.Name)
		c.lit(n.Path)
	case *ConstDecl:
		add(&c, n.Specs)
	case *ConstSpec:
		c.ident(n.Name)
		c.typ(n.Type)
		c.expr(n.Value)
	case *DimDecl:
		c.ident(n.Name)
		c.expr(n.Value)
	case *FuncDecl:
		c.ident(n.Name)
		add(&c, n.Dims)
		c.fields(n.Params)
		c.typ(n.Result)
		c.block(n.Body)
	case *ModelDecl:
		c.ident(n.Name)
		c.fields(n.Params)
		c.typ(n.Result)
		c.fields(n.Results)
		c.block(n.Body)
		if n.Alias != nil {
			c.expr(n.Alias)
		}
	case *FieldList:
		add(&c, n.Fields)
	case *Field:
		add(&c, n.Names)
		c.typ(n.Type)
	case *Type:
		add(&c, n.Dims)
		c.ident(n.Elem)
		c.expr(n.Classes)
		c.expr(n.Unit)
	case *Block:
		add(&c, n.Stmts)
	case *SystemDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *SolverDecl:
		c.ident(n.Name)
		c.expr(n.Value)
	case *HyperDecl:
		c.ident(n.Name)
		c.ident(n.System)
		c.block(n.Body)
	case *MethodDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *DataDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *TrainDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *TestDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *TargetDecl:
		c.expr(n.Value)
	case Stmt:
		c.stmt(n)
	case Expr:
		c.within(n)
	case *Stage:
		c.expr(n.Fn)
	case *Arg:
		c.ident(n.Key)
		c.expr(n.Value)
	case *Subscript:
		c.expr(n.Lo)
		c.expr(n.Hi)
	case *Elem:
		if !n.Short {
			c.ident(n.Key)
		}
		c.expr(n.Value)
	}
	return c
}

// nodeList collects children; its methods leave out nil ones.
type nodeList []Node

func add[N Node](c *nodeList, nodes []N) {
	for _, n := range nodes {
		*c = append(*c, n)
	}
}

func (c *nodeList) ident(n *Ident) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *nodeList) lit(n *BasicLit) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *nodeList) typ(n *Type) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *nodeList) fields(n *FieldList) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *nodeList) block(n *Block) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *nodeList) expr(n Expr) {
	if n != nil {
		*c = append(*c, n)
	}
}

// stmt adds the parts of a statement.
func (c *nodeList) stmt(n Stmt) {
	switch n := n.(type) {
	case *LayerStmt:
		c.ident(n.Name)
		c.expr(n.Value)
	case *ParamStmt:
		c.ident(n.Name)
		c.typ(n.Type)
		c.expr(n.Value)
		c.expr(n.Where)
	case *DefineStmt:
		add(c, n.Names)
		c.expr(n.Value)
	case *ReturnStmt:
		add(c, n.Values)
	case *StateStmt:
		add(c, n.Names)
		c.typ(n.Type)
		c.expr(n.Value)
	case *InputStmt:
		add(c, n.Names)
		c.typ(n.Type)
		c.block(n.Config)
	case *ContextStmt:
		add(c, n.Names)
		c.typ(n.Type)
	case *EquationStmt:
		c.ident(n.State)
		c.expr(n.Value)
	case *QuantityStmt:
		c.ident(n.Name)
		c.expr(n.Value)
	case *WhenStmt:
		c.expr(n.Guard)
		c.block(n.Body)
	case *AssignStmt:
		c.ident(n.Name)
		c.expr(n.Value)
	case *ColumnStmt:
		add(c, n.Names)
		c.typ(n.Type)
		c.expr(n.Value)
	case *MinimizeStmt:
		c.expr(n.Value)
	case *CheckStmt:
		c.expr(n.Value)
	case *SettingStmt:
		c.ident(n.Key)
		c.expr(n.Value)
	}
}

// within adds the parts of an expression.
func (c *nodeList) within(n Expr) {
	switch n := n.(type) {
	case *ParenExpr:
		c.expr(n.X)
	case *UnaryExpr:
		c.expr(n.X)
	case *BinaryExpr:
		c.expr(n.X)
		c.expr(n.Y)
	case *BoundsExpr:
		c.expr(n.Lo)
		c.expr(n.X)
		c.expr(n.Hi)
	case *RangeExpr:
		c.expr(n.Lo)
		c.expr(n.Hi)
	case *PipeExpr:
		c.expr(n.X)
		add(c, n.Stages)
	case *CallExpr:
		c.expr(n.Fn)
		add(c, n.Args)
	case *IndexExpr:
		c.expr(n.X)
		add(c, n.Subs)
	case *SelectorExpr:
		c.expr(n.X)
		c.ident(n.Name)
	case *LitExpr:
		c.expr(n.Name)
		add(c, n.Elems)
	case *ListExpr:
		add(c, n.Elems)
	case *DerExpr:
		c.ident(n.State)
	case *TaggedExpr:
		c.ident(n.Tag)
		c.lit(n.Value)
	}
}
